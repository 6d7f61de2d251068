import { ThunderboltOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Card, Empty, Flex, Form, Input, Radio } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { carryings, issueAll } from '@/client/ra'
import type { RaCarryQuery } from '@/client/ra'
import { Act } from '@/components/Act'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { ask, byItself } from '@/lib/http'
import { useMe } from '@/lib/me'
import { Go, pause } from './Go'

// Carryings carries out many approved applications at once, and shows how far that is.
export default function Carryings() {
  const { t } = useTranslation('batches')
  const query = useQuery({
    queryKey: ['carryings'],
    queryFn: () => ask(carryings({ ...byItself, query: { limit: 200 } })).then((page) => page.items), // more are not remembered
    refetchInterval: ({ state }) => pause(state.data, 15_000),
  })
  return (
    <>
      <PageHead title={t('carryings')} about={t('carryings.about')} acts={<Start />} />
      <Loaded query={query}>
        {(all) =>
          all.length === 0 ? (
            <Card><Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('carryings.none')} /></Card>
          ) : (
            <Flex vertical gap={12}>
              {all.map((go) => <Go key={go.id} go={go} linked />)}
            </Flex>
          )
        }
      </Loaded>
    </>
  )
}

function Start() {
  const { t } = useTranslation('batches')
  const { data: me } = useMe()
  const [what, setWhat] = useState<'node' | 'batch'>('node')
  const [batch, setBatch] = useState('')
  const query: RaCarryQuery = what === 'batch' ? { batch: batch.trim() } : { node: me?.node.id }
  return (
    <Act label={t('carry.start')} icon={<ThunderboltOutlined />} primary title={t('carry.start')} about={<p>{t('carry.about')}</p>} done={t('carry.started')} run={() => ask(issueAll({ body: query }))} refresh={[['carryings'], ['batches'], ['work'], ['applications']]}>
      <Form.Item label={t('carry.what')}>
        <Radio.Group value={what} onChange={(event) => setWhat(event.target.value as typeof what)} options={[{ value: 'node', label: t('carry.node', { node: me?.node.name ?? '' }) }, { value: 'batch', label: t('carry.batch') }]} />
      </Form.Item>
      {what === 'batch' && (
        <Form.Item label={t('carry.number')}>
          <Input aria-label={t('carry.number')} value={batch} maxLength={64} className="code" onChange={(event) => setBatch(event.target.value)} />
        </Form.Item>
      )}
    </Act>
  )
}
