import { Alert, DatePicker, Form, Input, Select, Space } from 'antd'
import type { Dayjs } from 'dayjs'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { hold, release, renew, revoke } from '@/client/ca'
import type { CaCertificate } from '@/client/ca'
import { Act } from '@/components/Act'
import { ask } from '@/lib/http'
import type { Known } from './life'

const reasons = ['unspecified', 'keyCompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation', 'privilegeWithdrawn'] as const

// Which roles may do what at the CA (officer/right.go); certificates of officers and
// sites are the security administrator's.
const rights: Record<string, string[]> = { hold: ['registrar', 'reviewer', 'issuer'], release: ['reviewer', 'issuer'], revoke: ['reviewer', 'issuer'], renew: ['issuer'] }
const byState: Record<string, string[]> = { valid: ['renew', 'hold', 'revoke'], held: ['release', 'revoke'], expired: ['renew'] }

// actsOf are the acts that the certificate's state allows and the roles hold.
export function actsOf(ca: { state: string; kind: string }, roles: string[]): string[] {
  const needs = (act: string) => (ca.kind === 'officer' || ca.kind === 'site' ? ['security'] : (rights[act] ?? []))
  return (byState[ca.state] ?? []).filter((act) => needs(act).some((role) => roles.includes(role)))
}

// CentreActs change a certificate at the CA itself, without an application: for officers
// of the centre.
export function CentreActs({ known: { ca }, roles }: { known: Known; roles: string[] }) {
  const { t } = useTranslation('certificates')
  if (!ca) return null
  const path = { issuer: ca.issuer, serial: ca.serial }
  const refresh = [['certificates']]
  return (
    <Space>
      {actsOf(ca, roles).map((act) => {
        if (act === 'revoke') return <Revoke key={act} ca={ca} />
        if (act === 'renew') return <Renew key={act} ca={ca} />
        const run = act === 'hold' ? hold : release
        return <Act key={act} label={t(`centre.${act}`)} title={t(`centre.${act}.title`)} about={<Fate ca={ca} act={act} />} done={t(`centre.${act}.done`)} refresh={refresh} run={() => ask(run({ path }))} />
      })}
    </Space>
  )
}

// Fate says what becomes of the other half of a pair.
function Fate({ ca, act }: { ca: CaCertificate; act: string }) {
  const { t } = useTranslation('certificates')
  return <Alert className="act-about" type={act === 'revoke' ? 'warning' : 'info'} showIcon title={t(`centre.${act}.about`)} description={ca.partner ? t(`fate.${act}`, { serial: ca.partner }) : undefined} />
}

function Revoke({ ca }: { ca: CaCertificate }) {
  const { t } = useTranslation('certificates')
  const [reason, setReason] = useState<string>('unspecified')
  const [since, setSince] = useState<Dayjs | null>(null)
  return (
    <Act
      label={t('centre.revoke')}
      title={t('centre.revoke.title')}
      about={<Fate ca={ca} act="revoke" />}
      danger
      done={t('centre.revoke.done')}
      refresh={[['certificates']]}
      run={() => ask(revoke({ path: { issuer: ca.issuer, serial: ca.serial }, body: { reason, invalidity: since?.toISOString() } }))}
    >
      <Form.Item label={t('reason')}>
        <Select aria-label={t('reason')} value={reason} onChange={setReason} options={reasons.map((value) => ({ value, label: t(`reason.${value}`) }))} />
      </Form.Item>
      <Form.Item label={t('invalidity')} extra={t('invalidity.help')}>
        <DatePicker showTime aria-label={t('invalidity')} value={since} onChange={setSince} className="wide" />
      </Form.Item>
    </Act>
  )
}

function Renew({ ca }: { ca: CaCertificate }) {
  const { t } = useTranslation('certificates')
  const [application, setApplication] = useState('')
  return (
    <Act
      label={t('centre.renew')}
      title={t('centre.renew.title')}
      about={<Fate ca={ca} act="renew" />}
      done={t('centre.renew.done')}
      refresh={[['certificates']]}
      run={() => ask(renew({ path: { issuer: ca.issuer, serial: ca.serial }, body: { application: application.trim() } }))}
    >
      <Form.Item name="application" label={t('centre.application')} extra={t('centre.application.help')} rules={[{ required: true, message: t('centre.application.required') }]}>
        <Input maxLength={64} onChange={(event) => setApplication(event.target.value)} />
      </Form.Item>
    </Act>
  )
}
