import { Form, Input, Space } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { modify, reissue } from '@/client/ca'
import type { CaCertificate } from '@/client/ca'
import { Act } from '@/components/Act'
import { PemInput } from '@/components/PemInput'
import { derOf } from '@/lib/der'
import { ask } from '@/lib/http'
import { attributes } from './asked'

// ChangeActs follow a certificate by another: in new keys, or in the same keys with
// another name. The old one is revoked as superseded.
export function ChangeActs({ one }: { one: CaCertificate }) {
  const { t } = useTranslation('orders')
  const navigate = useNavigate()
  const [request, setRequest] = useState('')
  const [subject, setSubject] = useState(one.subject)
  const [application] = useState(() => `console-${crypto.randomUUID()}`)
  const path = { issuer: one.issuer, serial: one.serial }
  const props = { size: 'small' as const, done: t('issue.done'), refresh: [['ca']], after: () => void navigate(`/orders?application=${application}`) }
  return (
    <Space>
      <Act {...props} label={t('reissue')} title={t('reissue.ask')} about={<p>{t('reissue.about')}</p>} run={() => ask(reissue({ path, body: { application, request: derOf(request) ?? '' } }))}>
        <Form.Item label={t('request')} required>
          <PemInput kind="CERTIFICATE REQUEST" label={t('request')} value={request} onChange={setRequest} />
        </Form.Item>
      </Act>
      <Act {...props} label={t('modify')} title={t('modify.ask')} about={<p>{t('modify.about')}</p>} run={() => ask(modify({ path, body: { application, subject: attributes(subject) } }))}>
        <Form.Item label={t('subject')} required extra={t('modify.help')}>
          <Input.TextArea aria-label={t('subject')} rows={3} value={subject} onChange={(event) => setSubject(event.target.value)} />
        </Form.Item>
      </Act>
    </Space>
  )
}
