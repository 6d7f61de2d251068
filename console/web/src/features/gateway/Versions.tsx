import { useQuery } from '@tanstack/react-query'
import { Button, Card, Flex, Select, Space, Tag } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { compare, rollback, state as readState, version as readVersion, versions } from '@/client/gateway'
import type { GatewayVersion } from '@/client/gateway'
import { Act } from '@/components/Act'
import { CursorTable } from '@/components/CursorTable'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { Visible } from '@/components/Visible'
import { minute } from '@/lib/format'
import { ask, save } from '@/lib/http'
import { gatewayKey, useMay } from './configuration'
import { Differences } from './Differences'

const page = 50

// Versions is everything that ever ran: what each altered, and the way back.
export default function Versions() {
  const { t } = useTranslation('gateway')
  const may = useMay()
  const state = useQuery({ queryKey: [...gatewayKey, 'state'], queryFn: () => ask(readState()) })
  const [pair, setPair] = useState<{ from: number; to: number }>()
  const running = state.data?.running.number
  const newest = state.data?.newest ?? 0
  const download = async (number: number) => {
    const { configuration } = await ask(readVersion({ path: { number } }))
    save(new Blob([JSON.stringify(configuration, null, 2)], { type: 'application/json' }), `gateway-${number}.json`)
  }
  return (
    <>
      <PageHead title={t('versions.title')} about={t('versions.about')} />
      <Flex vertical gap={16}>
        {pair && <Compared pair={pair} newest={newest} onChange={setPair} />}
        <CursorTable<GatewayVersion>
          name="gateway.versions"
          queryKey={[...gatewayKey, 'versions']}
          load={async (after) => {
            const items = await ask(versions({ query: { before: after ? Number(after) : undefined, limit: page } }))
            return { items, after: items.length === page ? String(items.at(-1)!.number) : undefined }
          }}
          rowKey={(row) => String(row.number)}
          empty={t('versions.none')}
          columns={[
            { key: 'number', title: t('version'), render: (_, row) => <Space><strong>{row.number}</strong>{row.number === running && <Tag color="green">{t('versions.running')}</Tag>}</Space> },
            { key: 'at', title: t('time'), render: (_, row) => minute(row.at) },
            { key: 'by', title: t('versions.by'), render: (_, row) => <Visible text={row.by} /> },
            { key: 'note', title: t('versions.note'), render: (_, row) => <Visible text={row.note} /> },
            { key: 'restored', title: t('versions.restored'), render: (_, row) => row.restored ?? '–' },
            { key: 'hash', title: 'SHA-256', render: (_, row) => <span className="code" title={row.hash}>{row.hash.slice(0, 12)}…</span> },
            {
              key: 'acts',
              title: t('acts'),
              render: (_, row) => (
                <Space wrap>
                  {row.number > 1 && <Button size="small" onClick={() => setPair({ from: row.base || row.number - 1, to: row.number })}>{t('versions.altered')}</Button>}
                  <Button size="small" onClick={() => void download(row.number)}>JSON</Button>
                  {row.number !== newest && (may.services || may.rules) && (
                    <Act size="small" label={t('versions.back')} title={t('versions.back.ask', { number: row.number })} about={<BackTo from={newest} to={row.number} />} reason="required" reasonLabel={t('note')} danger done={t('saved')} run={(note) => ask(rollback({ body: { base: newest, note, number: row.number } }))} refresh={[gatewayKey]} />
                  )}
                </Space>
              ),
            },
          ]}
        />
      </Flex>
    </>
  )
}

function Compared({ pair, newest, onChange }: { pair: { from: number; to: number }; newest: number; onChange: (pair: { from: number; to: number } | undefined) => void }) {
  const { t } = useTranslation('gateway')
  const options = Array.from({ length: Math.min(newest, 200) }, (_, n) => ({ value: newest - n, label: `${t('version')} ${newest - n}` }))
  return (
    <Card
      size="small"
      title={
        <Space wrap>
          {t('versions.compare')}
          <Select size="small" aria-label={t('versions.from')} value={pair.from} options={options} onChange={(from) => onChange({ ...pair, from })} />→
          <Select size="small" aria-label={t('versions.to')} value={pair.to} options={options} onChange={(to) => onChange({ ...pair, to })} />
        </Space>
      }
      extra={<Button type="text" size="small" onClick={() => onChange(undefined)}>{t('close')}</Button>}
    >
      <BackTo from={pair.from} to={pair.to} />
    </Card>
  )
}

// BackTo is what going from one version to another alters.
function BackTo({ from, to }: { from: number; to: number }) {
  const query = useQuery({ queryKey: [...gatewayKey, 'compare', from, to], queryFn: () => ask(compare({ query: { from, to } })), staleTime: Infinity })
  return <Loaded query={query}>{({ differences }) => <Differences differences={differences} />}</Loaded>
}
