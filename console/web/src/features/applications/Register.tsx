import { useQuery } from '@tanstack/react-query'
import { Alert, Card, Descriptions, Flex, Segmented, Select, Skeleton, Space } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate } from 'react-router'
import { certificates } from '@/client/ra'
import type { RaApplication, RaCertificate } from '@/client/ra'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { useFilters } from '@/lib/filters'
import { date } from '@/lib/format'
import { ask } from '@/lib/http'
import { EntryForm, type Sent } from './EntryForm'
import { follows, kept, kinds, operations, type Operation, type Values } from './entry'
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
  const about = useCertificate(operation, address.issuer, address.serial)
  const certificate = about.data?.items[0]
  const kind = kinds.find((one) => one === (certificate?.kind ?? address.kind)) ?? 'person'
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
          <Segmented<string> aria-label={t('kind')} value={kind} disabled={!!certificate} onChange={(value) => restart({ kind: value })} options={kinds.map((value) => ({ value, label: t(`kind.${value}`) }))} />
        </Space>
        {done.length > 0 && <Done all={done} />}
        {certificate && <Whose certificate={certificate} />}
        {about.isLoading ? <Skeleton active aria-busy="true" /> : <Loaded query={query}>
          {(all) => {
            const view = all.find((one) => one.kind === kind)
            return view ? <EntryForm key={`${operation} ${kind} ${round}`} kind={view} operation={operation} initial={initial} onSent={sent} /> : <Alert type="warning" title={t('kind.none')} />
          }}
        </Loaded>}
      </Flex>
    </>
  )
}

// useCertificate looks up what an application is about, to ask what its kind asks for.
function useCertificate(operation: Operation, issuer?: string, serial?: string) {
  return useQuery({ queryKey: ['ra', 'certificate', issuer, serial], queryFn: () => ask(certificates({ query: { issuer, serial, limit: 1 } })), enabled: follows(operation) && !!issuer && !!serial })
}

// Whose says whose certificate an application is about.
function Whose({ certificate }: { certificate: RaCertificate }) {
  const { t } = useTranslation('applications')
  return (
    <Card size="small">
      <Descriptions
        size="small"
        column={{ xs: 1, md: 4 }}
        items={[
          { key: 'name', label: t('name'), children: <Visible text={certificate.name} /> },
          { key: 'unit', label: t('unit'), children: <Visible text={certificate.unit} /> },
          { key: 'state', label: t('state'), children: <StateTag state={certificate.state} /> },
          { key: 'until', label: t('until'), children: date(certificate.not_after) },
        ]}
      />
    </Card>
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
