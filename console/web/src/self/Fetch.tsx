import { DownloadOutlined } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { Alert, Button, Card, Flex, Form, Radio } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { selfFetch } from '@/client/self'
import type { RaParcel } from '@/client/self'
import { minute } from '@/lib/format'
import { ask, save } from '@/lib/http'
import { der, p7b, pem } from './files'
import { NumberAndCode, type Proof } from './NumberAndCode'
import { Page } from './Page'

interface Part {
  name: string
  content: Blob
}

// partsOf are the files of a parcel: the package of a key made at the centre, or what
// belongs to the holder's own key.
function partsOf(parcel: RaParcel): Part[] {
  const { made } = parcel
  const parts: Part[] = (parcel.package?.files ?? []).map((file) => ({ name: file.name, content: der(file.content) }))
  if (made) {
    parts.push({ name: 'sign.pem', content: pem([made.sign.der, ...(made.chain ?? [])]) })
    if (made.encrypt) parts.push({ name: 'encrypt.pem', content: pem([made.encrypt.der]) })
    if (made.envelope) parts.push({ name: 'envelope.der', content: der(made.envelope.der) })
    parts.push({ name: 'all.p7b', content: p7b([made.sign.der, ...(made.encrypt ? [made.encrypt.der] : []), ...(made.chain ?? [])]) })
  }
  return parts
}

// Fetch gives what was made to who has the number and the one-time code.
export function Fetch() {
  const { t } = useTranslation('self')
  const [form, setForm] = useState<'pkcs12' | 'pkcs12-sm'>('pkcs12')
  const fetch = useMutation({ mutationFn: (proof: Proof) => ask(selfFetch({ body: { application: proof.number, code: proof.code, form } })) })
  return (
    <Page title={t('fetch')} about={t('fetch.about')}>
      {fetch.data ? (
        <Card>
          <Flex vertical gap={12}>
            <Alert
              type="success"
              showIcon
              title={t('fetch.done')}
              description={<p className="lines">{fetch.data.package ? t('fetch.package', { until: minute(fetch.data.package.until) }) : t('fetch.made')}</p>}
            />
            {partsOf(fetch.data).map((part) => (
              <Button key={part.name} size="large" block className="self-left" icon={<DownloadOutlined />} onClick={() => save(part.content, part.name)}>
                {t(`file.${part.name}`, { defaultValue: part.name })}
              </Button>
            ))}
          </Flex>
        </Card>
      ) : (
        <NumberAndCode label={t('number')} act={t('fetch.act')} example="lra1-260901-k3v9x2aq" error={fetch.error} busy={fetch.isPending} onProof={fetch.mutate}>
          <Form.Item label={t('fetch.form')} extra={t('fetch.form.help')}>
            <Radio.Group value={form} onChange={(event) => setForm(event.target.value as 'pkcs12')} options={['pkcs12', 'pkcs12-sm'].map((value) => ({ value, label: t(`form.${value}`) }))} />
          </Form.Item>
        </NumberAndCode>
      )}
    </Page>
  )
}
