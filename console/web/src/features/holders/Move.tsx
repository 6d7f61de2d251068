import { useQuery } from '@tanstack/react-query'
import { Alert, Card, Flex, Form, Space } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { holderMove, motionDecide, motions } from '@/client/ra'
import type { RaHolder, RaMotion } from '@/client/ra'
import { Act } from '@/components/Act'
import { PlaceSelect } from '@/components/PlaceSelect'
import { Visible } from '@/components/Visible'
import { minute } from '@/lib/format'
import { ask } from '@/lib/http'
import { may, useMe } from '@/lib/me'

// Move proposes to move the holder to another place; another officer consents.
export function Move({ holder }: { holder: RaHolder }) {
  const { t } = useTranslation('holders')
  const { data: me } = useMe()
  const [to, setTo] = useState<string>()
  const reads = may(me, 'ra.motions.read')
  const query = useQuery({ queryKey: ['motions', 'move', holder.id], queryFn: async () => (await ask(motions({ query: { kind: 'move', state: 'open', limit: 200 } }))).items.filter((motion) => motion.object === holder.id), enabled: reads })
  if (!reads || !me) return null
  const open = query.data ?? []
  const above = me.node.id !== holder.node && holder.path.startsWith(me.node.path)
  return (
    <Card title={t('move')}>
      <Flex vertical gap={12}>
        {open.map((motion) => <Proposed key={motion.id} motion={motion} holder={holder} />)}
        {open.length === 0 && <span className="quiet">{t('move.about')}</span>}
        {open.length === 0 && may(me, 'ra.move.propose') && (above ? (
          <div>
            <Act label={t('move.act')} title={t('move.title', { name: holder.name })} about={<p>{t('move.now', { node: holder.node })}</p>} reason="required" done={t('move.done')} refresh={[['motions']]} run={(reason) => ask(holderMove({ path: { id: holder.id }, body: { to: to ?? '', reason } }))}>
              <Form.Item name="to" label={t('move.to')} rules={[{ required: true, message: t('move.to.required') }]}>
                <PlaceSelect label={t('move.to')} className="wide" without={holder.node} onChange={setTo} />
              </Form.Item>
            </Act>
          </div>
        ) : <span className="quiet">{t('move.above')}</span>)}
      </Flex>
    </Card>
  )
}

function Proposed({ motion, holder }: { motion: RaMotion; holder: RaHolder }) {
  const { t } = useTranslation('holders')
  const { data: me } = useMe()
  const decides = may(me, 'ra.move.decide') && me?.name !== motion.proposed_by && motion.path.startsWith(me?.node.path ?? '-')
  const refresh = [['motions'], ['holders'], ['certificates']]
  const decide = (consent: boolean) => (note: string) => ask(motionDecide({ path: { id: motion.id }, body: { version: motion.version, consent, note } }))
  return (
    <Alert
      type="info"
      showIcon
      title={t('move.open', { from: motion.detail?.from ?? holder.node, to: motion.detail?.to ?? '' })}
      description={
        <Flex vertical gap={8}>
          <span>{motion.proposed_by}, {minute(motion.created)}: <Visible text={motion.reason} /></span>
          {decides ? (
            <Space>
              <Act primary size="small" label={t('move.consent')} title={t('move.consent.title')} done={t('move.consented')} refresh={refresh} run={decide(true)} />
              <Act size="small" danger label={t('move.refuse')} reason="required" done={t('move.refused')} refresh={refresh} run={decide(false)} />
            </Space>
          ) : <span className="quiet">{t('move.waits')}</span>}
        </Flex>
      }
    />
  )
}
