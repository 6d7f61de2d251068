import { DownloadOutlined } from '@ant-design/icons'
import { useMutation, useQuery, type UseMutationResult } from '@tanstack/react-query'
import { Alert, Button, Card, Descriptions, Flex, Space, Table, Timeline } from 'antd'
import { useTranslation } from 'react-i18next'
import { useParams } from 'react-router'
import { approve, caseExport, case_ as readCase, reject, withdraw } from '@/client/kmc'
import type { KmcCase, KmcExport } from '@/client/kmc'
import { Act } from '@/components/Act'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { fromBase64 } from '@/lib/der'
import { date, minute, pairs } from '@/lib/format'
import { ask, byItself, save } from '@/lib/http'
import { useCustodian } from './custodian'

export default function Case() {
  const { id } = useParams() as { id: string }
  const query = useQuery({ queryKey: ['kmc', 'case', id], queryFn: () => ask(readCase({ path: { id }, ...byItself })), refetchInterval: 10_000 })
  return <Loaded query={query}>{(one) => <Shown one={one} />}</Loaded>
}

// Shown is one case: what was asked for, who agreed and who is missing, and what may be
// done now by this person.
function Shown({ one }: { one: KmcCase }) {
  const { t } = useTranslation('recovery')
  const { custodian, name } = useCustodian()
  const refresh = [['kmc', 'case', one.id], ['kmc', 'cases']]
  const mine = one.proposed_by === name
  const voted = one.votes.some((vote) => vote.name === name)
  const path = { id: one.id }
  // Held here: the case is carried out then, and what came of it is still to be shown.
  const made = useMutation({ mutationFn: () => ask(caseExport({ path })), onSuccess: (answer) => save(new Blob([JSON.stringify(answer, null, 2)], { type: 'application/json' }), `case-${answer.case}.json`) })
  return (
    <>
      <PageHead
        title={`${t('case')} ${one.number}`}
        acts={
          <>
            <StateTag of="case" state={one.state} />
            {custodian && one.state === 'pending' && !mine && !voted && (
              <>
                <Act label={t('approve')} title={t('approve.ask')} about={<p>{t('approve.about')}</p>} primary done={t('approved')} run={() => ask(approve({ path, body: { digest: one.digest } }))} refresh={refresh} />
                <Act label={t('reject')} title={t('reject.ask')} reason="required" danger done={t('rejected')} run={(reason) => ask(reject({ path, body: { reason } }))} refresh={refresh} />
              </>
            )}
            {custodian && (one.state === 'pending' || one.state === 'approved') && mine && <Act label={t('withdraw')} title={t('withdraw.ask')} reason="optional" danger done={t('withdrawn')} run={(reason) => ask(withdraw({ path, body: { reason } }))} refresh={refresh} />}
          </>
        }
      />
      <Flex vertical gap={16}>
        {custodian && (one.state === 'approved' || made.isSuccess) && <Export act={made} refresh={refresh} />}
        <Consent one={one} />
        <Card size="small" title={t('open.order')}>
          <Descriptions
            size="small"
            column={{ xs: 1, md: 2 }}
            items={[
              { key: 'number', label: t('number'), children: <Visible text={one.number} /> },
              { key: 'authority', label: t('authority'), children: <Visible text={one.authority} /> },
              { key: 'reason', label: t('reason'), children: <Visible text={one.reason} /> },
              { key: 'expires', label: t('expires'), children: minute(one.expires) },
              { key: 'withheld', label: t('open.withhold'), children: one.withhold_days ? <Visible text={t('withheld', { days: one.withhold_days, law: one.withhold_law })} /> : t('withheld.not') },
              { key: 'exported', label: t('exported'), children: one.exported ? `${minute(one.exported)} · ${one.exported_by}` : '–' },
              { key: 'shown', label: t('shown'), children: minute(one.shown) },
            ]}
          />
        </Card>
        <Card size="small" title={t('keys')}>
          <Table
            size="small"
            pagination={false}
            rowKey="key"
            scroll={{ x: 'max-content' }}
            dataSource={one.keys}
            columns={[
              { key: 'cert_no', title: t('cert_no'), render: (_, row) => <span className="code">{row.ca}/{row.cert_no}</span> },
              { key: 'suite', title: t('suite'), dataIndex: 'suite' },
              { key: 'holder', title: t('holder'), render: (_, row) => <Visible text={row.holder} /> },
              { key: 'not_after', title: t('not_after'), render: (_, row) => date(row.not_after) },
            ]}
          />
        </Card>
        <Card size="small" title={t('open.investigator')}>
          <Table
            size="small"
            pagination={false}
            rowKey="fingerprint"
            scroll={{ x: 'max-content' }}
            dataSource={one.investigators}
            columns={[
              { key: 'subject', title: t('subject'), render: (_, row) => <span className="narrow"><Visible text={row.subject} /><span className="code quiet fingerprint">SHA-256 {pairs(row.fingerprint)}</span></span> },
              { key: 'issuer', title: t('issuer'), render: (_, row) => <span className="narrow"><Visible text={row.issuer} /></span> },
              { key: 'not_after', title: t('not_after'), render: (_, row) => date(row.not_after) },
            ]}
          />
        </Card>
      </Flex>
    </>
  )
}

// Consent is who proposed, who agreed when, and who is still missing.
function Consent({ one }: { one: KmcCase }) {
  const { t } = useTranslation('recovery')
  return (
    <Card size="small" title={t('consent')}>
      <Timeline
        items={[
          { color: 'green', content: <><strong><Visible text={one.proposed_by} /></strong> {t('consent.proposed')} <span className="quiet">{minute(one.proposed)}</span></> },
          ...one.votes.map((vote) => ({ color: 'green', content: <><strong><Visible text={vote.name} /></strong> {t('consent.agreed')} <span className="quiet">{minute(vote.at)}</span></> })),
          ...(one.state === 'pending' ? one.missing.flatMap((need) => Array.from({ length: need.count }, () => ({ color: 'gray', content: <span className="quiet">{t('consent.missing', { role: t(`app:role.${need.role}`) })}</span> }))) : []),
        ]}
      />
    </Card>
  )
}

function Export({ act, refresh }: { act: UseMutationResult<KmcExport, Error, void>; refresh: string[][] }) {
  const { t } = useTranslation('recovery')
  return (
    <Alert
      type={act.isSuccess ? 'success' : 'info'}
      showIcon
      title={act.isSuccess ? t('export.done') : t('export.title')}
      description={
        <Space orientation="vertical">
          <span>{act.isSuccess ? t('export.done.about', { at: minute(act.data.shown) }) : t('export.about')}</span>
          {act.isSuccess ? <Envelopes made={act.data} /> : <Act label={t('export')} title={t('export.ask')} about={<p>{t('export.about')}</p>} primary done={t('export.done')} run={() => act.mutateAsync()} refresh={refresh} />}
        </Space>
      }
    />
  )
}

function Envelopes({ made }: { made: KmcExport }) {
  const { t } = useTranslation('recovery')
  return (
    <Space wrap>
      {made.keys.map((key) => (
        <Button key={key.key} icon={<DownloadOutlined />} onClick={() => save(new Blob([fromBase64(key.envelope.der)]), `${key.cert_no}.der`)}>
          {key.cert_no.slice(0, 12)}… ({key.suite}, {t(`format.${key.envelope.format}`)})
        </Button>
      ))}
    </Space>
  )
}
