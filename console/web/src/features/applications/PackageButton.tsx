import { GiftOutlined } from '@ant-design/icons'
import { useQueryClient } from '@tanstack/react-query'
import { Form, Radio } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { deliveryPackage } from '@/client/ra'
import type { RaApplication } from '@/client/ra'
import { Act } from '@/components/Act'
import { ask, save } from '@/lib/http'
import { octetsOf } from './entry'

const forms = ['pkcs12', 'pkcs12-sm'] as const

// PackageButton fetches a key made at the centre as PKCS#12, which counts as the
// hand-over.
export function PackageButton({ application }: { application: RaApplication }) {
  const { t } = useTranslation('applications')
  const queries = useQueryClient()
  const [form, setForm] = useState<(typeof forms)[number]>('pkcs12')
  const fetch = async () => {
    const parcel = await ask(deliveryPackage({ path: { id: application.id }, body: { form } }))
    parcel.package?.files.forEach((file) => save(new Blob([octetsOf(file.content)]), `${application.id}-${file.name}`))
    void queries.invalidateQueries({ queryKey: ['application', application.id] })
  }
  return (
    <Act label={t('package')} icon={<GiftOutlined />} title={t('package')} about={<p>{t('package.before')}</p>} done={t('package.done')} run={fetch}>
      <Form.Item>
        <Radio.Group aria-label={t('package')} value={form} onChange={(event) => setForm(event.target.value as typeof form)} options={forms.map((value) => ({ value, label: t(`package.${value}`) }))} />
      </Form.Item>
    </Act>
  )
}
