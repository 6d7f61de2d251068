import { Card, Flex, Progress, Result, Statistic } from 'antd'
import { useTranslation } from 'react-i18next'
import { useParams } from 'react-router'
import { replacementMissed } from '@/client/ca'
import type { CaMissed, CaReplacing } from '@/client/ca'
import { CursorTable } from '@/components/CursorTable'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { Visible } from '@/components/Visible'
import { minute, span } from '@/lib/format'
import { ask } from '@/lib/http'
import { percent, useReplacements } from './Replacements'

export default function Replacement() {
  const { t } = useTranslation('issuers')
  const { id } = useParams() as { id: string }
  const query = useReplacements()
  return (
    <Loaded query={query}>
      {(all) => {
        const one = all.find((replacing) => replacing.id === id)
        return one ? <Shown one={one} /> : <Result status="404" title={t('replacements.unknown')} />
      }}
    </Loaded>
  )
}

// Shown is one replacement: its progress, and what could not be issued anew and why.
function Shown({ one }: { one: CaReplacing }) {
  const { t } = useTranslation('issuers')
  const tiles = [
    { title: t('replacements.total'), value: one.total.toLocaleString() },
    { title: t('replacements.done'), value: one.done.toLocaleString() },
    { title: t('replacements.passed'), value: one.passed.toLocaleString() },
    { title: t('replacements.missed'), value: one.missed.toLocaleString() },
    { title: t('replacements.speed'), value: one.per_second.toFixed(1) },
    { title: t('replacements.took'), value: span(one.seconds) },
  ]
  return (
    <>
      <PageHead title={`${t('replacements.one')} ${one.from} → ${one.to}`} about={<Visible text={`${one.ordered_by} · ${minute(one.created)} · ${one.reason}`} />} />
      <Flex vertical gap={16}>
        <Card size="small">
          <Progress percent={percent(one)} status={one.missed > 0 ? 'exception' : one.ended ? 'success' : 'active'} aria-label={t('replacements.progress')} />
        </Card>
        <div className="tiles">
          {tiles.map((tile) => (
            <Card key={tile.title} size="small">
              <Statistic title={tile.title} value={tile.value} />
            </Card>
          ))}
        </div>
        <Card size="small" title={t('missed.title')}>
          <p className="quiet">{t('missed.about')}</p>
          <CursorTable<CaMissed>
            name="ca.missed"
            queryKey={['ca', 'missed', one.id, one.missed]}
            load={async (after) => {
              const page = await ask(replacementMissed({ path: { id: one.id }, query: { after } }))
              return { items: page.missed, after: page.next }
            }}
            rowKey={(row) => row.application}
            empty={t('missed.none')}
            columns={[
              { key: 'application', title: t('application'), dataIndex: 'application' },
              { key: 'holder', title: t('holder'), render: (_, row) => <Visible text={row.holder} /> },
              { key: 'serial', title: t('serial'), render: (_, row) => <span className="code">{row.serial ?? '–'}</span> },
              { key: 'why', title: t('missed.why'), render: (_, row) => <Why missed={row} /> },
            ]}
          />
        </Card>
      </Flex>
    </>
  )
}

function Why({ missed }: { missed: CaMissed }) {
  const { t, i18n } = useTranslation('components')
  const known = `refusal.${missed.code}`
  return i18n.exists(`components:${known}`) ? <>{t(known)}</> : <Visible text={missed.wrong} />
}
