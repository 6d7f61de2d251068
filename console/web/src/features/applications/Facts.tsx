import { EyeInvisibleOutlined } from '@ant-design/icons'
import { Button, Card, Descriptions, Space, Tag, Tooltip } from 'antd'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { unmask } from '@/client/ra'
import type { RaApplication, RaKindView } from '@/client/ra'
import { Act } from '@/components/Act'
import { Visible } from '@/components/Visible'
import { minute } from '@/lib/format'
import { ask } from '@/lib/http'
import { follows } from './entry'
import { useNames } from './useKinds'

// How long numbers that were asked for stay on the screen.
const shownFor = 60_000

// Facts are what an application says. Numbers are masked until somebody gives a reason,
// which stands in the audit log.
export function Facts({ application, kind, mayUnmask }: { application: RaApplication; kind?: RaKindView; mayUnmask: boolean }) {
  const { t } = useTranslation('applications')
  const names = useNames(kind)
  const [open, setOpen] = useState<Record<string, string>>()
  useEffect(() => {
    if (!open) return
    const timer = setTimeout(() => setOpen(undefined), shownFor)
    return () => clearTimeout(timer)
  }, [open])
  const fields = kind?.fields.filter((field) => application.fields[field.name] !== undefined) ?? []
  const sensitive = fields.some((field) => field.sensitive)
  const value = (name: string, form: string) => {
    const text = open?.[name] ?? application.fields[name]
    return form === 'identity-kind' ? t(`document.${text}`) : <span className={form === 'identity' || form === 'credit-code' ? 'code' : undefined}><Visible text={text} /></span>
  }
  const facts: [string, React.ReactNode][] = [
    [t('node'), application.node],
    [t('registered_by'), application.registered_by],
    [t('created'), minute(application.created)],
    [t('reviewed_by'), application.rule ? t('by.rule', { rule: application.rule }) : application.reviewed_by],
    [t('carried_by'), application.carried_by],
    [t('delivered_by'), application.delivered_by],
    [t('profile'), application.profile && <span className="code">{application.profile}</span>],
    [t('key.from'), application.key_from && t(`key.${application.key_from}`)],
    [t('days'), application.days || undefined],
    [t('holder'), application.holder && <Link to={`/applications?holder=${application.holder}&state=all`} className="code">{application.holder}</Link>],
    [t('issuer'), follows(application.operation) && application.issuer],
    [t('serial'), follows(application.operation) && application.serial && <Link to={`/certificates/${application.issuer}/${application.serial}`} className="code">{application.serial}</Link>],
    [t('components:reason'), application.reason && (application.operation === 'revoke' ? t(`revoke.${application.reason}`) : <Visible text={application.reason} />)],
  ]
  return (
    <Card
      title={t('form.data')}
      extra={
        sensitive && mayUnmask && (open ? (
          <Button icon={<EyeInvisibleOutlined />} onClick={() => setOpen(undefined)}>{t('unmask.hide')}</Button>
        ) : (
          <Act label={t('unmask')} title={t('unmask')} about={<p>{t('unmask.about')}</p>} reason="required" done={t('unmask.done')} run={async (reason) => setOpen(await ask(unmask({ path: { id: application.id }, body: { reason } })))} />
        ))
      }
    >
      <Descriptions
        column={1}
        size="small"
        bordered
        items={fields.map((field) => ({
          key: field.name,
          label: (
            <Space size={4}>
              {names.field(field.name)}
              {field.attribute && <Tooltip title={t('attribute', { attribute: field.attribute })}><Tag>{field.attribute}</Tag></Tooltip>}
            </Space>
          ),
          children: value(field.name, field.form),
        }))}
      />
      <Descriptions column={{ xs: 1, md: 2 }} size="small" className="gap-above" items={facts.filter(([, shown]) => shown).map(([label, shown]) => ({ key: label, label, children: shown }))} />
    </Card>
  )
}
