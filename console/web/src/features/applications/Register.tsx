import { Alert, Card, Flex, Segmented, Select, Space } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate } from 'react-router'
import type { RaApplication } from '@/client/ra'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { useFilters } from '@/lib/filters'
import { EntryForm, type Sent } from './EntryForm'
import { kept, kinds, operations, type Operation, type Values } from './entry'
import { useKinds } from './useKinds'

const names = ['operation', 'kind', 'issuer', 'serial', 'holder'] as const

// Register enters an application. The page of a certificate or a holder leads here with
// the operation and the certificate in the address.
export default function Register() {
  const { t } = useTranslation('applications')
  const navigate = useNavigate()
  const query = useKinds()
  const [address, setAddress] = useFilters(names)
  const operation: Operation = operations.find((one) => one === address.operation) ?? 'issue'
  const kind = kinds.find((one) => one === address.kind) ?? 'person'
  const [round, setRound] = useState(0)
  const [keep, setKeep] = useState<Values>()
  const [done, setDone] = useState<RaApplication[]>([])
  const sent = ({ application, next, values }: Sent) => {
    // In place of the form: who goes back comes to no form that would be sent again.
    if (!next) return void navigate(`/applications/${application.id}`, { replace: true })
    setDone([application, ...done].slice(0, 50))
    setKeep({ fields: kept(kind, values.fields), key_from: values.key_from, suite: values.suite, profile: values.profile, days: values.days })
    setRound(round + 1)
  }
  const initial: Values = { key_from: 'request', issuer: address.issuer, serial: address.serial, holder: address.holder, ...keep, fields: { ...(kind === 'person' ? { identity_kind: 'resident' } : {}), ...keep?.fields } }
  const restart = (change: { kind?: string; operation?: string }) => {
    setKeep(undefined)
    setRound(round + 1)
    setAddress(change)
  }
  return (
    <>
      <PageHead title={t('new.title')} about={t(`about.${operation}`)} />
      <Flex vertical gap={16}>
        <Space wrap size={16}>
          <Select<string> aria-label={t('operation')} value={operation} className="filter" onChange={(value) => restart({ operation: value })} options={operations.map((value) => ({ value, label: t(`operation.${value}`) }))} />
          <Segmented<string> aria-label={t('kind')} value={kind} onChange={(value) => restart({ kind: value })} options={kinds.map((value) => ({ value, label: t(`kind.${value}`) }))} />
        </Space>
        {done.length > 0 && <Done all={done} />}
        <Loaded query={query}>
          {(all) => {
            const view = all.find((one) => one.kind === kind)
            return view ? <EntryForm key={`${operation} ${kind} ${round}`} kind={view} operation={operation} initial={initial} onSent={sent} /> : <Alert type="warning" title={t('kind.none')} />
          }}
        </Loaded>
      </Flex>
    </>
  )
}

// Done lists what was entered at this sitting, with the forms that are still to sign.
function Done({ all }: { all: RaApplication[] }) {
  const { t, i18n } = useTranslation('applications')
  const language = i18n.language === 'zh-CN' ? 'zh' : 'en'
  return (
    <Card size="small" title={t('done.title', { count: all.length })}>
      <Flex vertical gap={4} className="done-list">
        {all.map((one) => (
          <Flex key={one.id} gap={12} align="center" wrap>
            <Link to={`/applications/${one.id}`} className="code">{one.id}</Link>
            <Visible text={one.fields.name} />
            <StateTag state={one.state} />
            {one.state === 'draft' && <a href={`/api/ra/v1/applications/${one.id}/form?lang=${language}`} target="_blank" rel="noreferrer">{t('form.print')}</a>}
          </Flex>
        ))}
      </Flex>
    </Card>
  )
}
