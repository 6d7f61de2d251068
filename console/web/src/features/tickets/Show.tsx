import { FireOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Card, Descriptions, Flex, Rate, Tag } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link, useParams } from 'react-router'
import { ticket, ticketStep } from '@/client/ra'
import type { HelpdeskTicket, HelpdeskTurn } from '@/client/ra'
import { Act } from '@/components/Act'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { minute } from '@/lib/format'
import { ask, byItself } from '@/lib/http'
import { Composer } from './Composer'
import { DueText } from './DueText'

export default function Show() {
  const { t } = useTranslation('tickets')
  const { number = '' } = useParams()
  const query = useQuery({ queryKey: ['tickets', 'one', number], queryFn: () => ask(ticket({ path: { number }, ...byItself })), refetchInterval: 30_000 })
  const one = query.data
  return (
    <>
      <PageHead
        title={one ? one.subject || t('erased') : number}
        about={one && <><span className="code">{one.number}</span> <StateTag of="ticket" state={one.state} /> {one.urgent && <Tag color="red" icon={<FireOutlined />}>{t('urgent')}</Tag>} <DueText ticket={one} /></>}
        acts={one?.legal?.includes('take') && <Act primary={one.state === 'open'} label={one.officer ? t('take.over') : t('take')} done={t('taken')} refresh={[['tickets']]} run={() => ask(ticketStep({ path: { number }, body: { event: 'take', version: one.version } }))} />}
      />
      <Loaded query={query}>
        {(one) => (
          <div className="two-columns">
            <Flex vertical gap={16}>
              <Card title={t('talk')}>
                <div className="talk">{(one.turns ?? []).map((turn) => <Turn key={turn.number} turn={turn} />)}</div>
              </Card>
              <Composer ticket={one} key={one.state} />
            </Flex>
            <Facts ticket={one} />
          </div>
        )}
      </Loaded>
    </>
  )
}

function Turn({ turn }: { turn: HelpdeskTurn }) {
  const { t } = useTranslation('tickets')
  const ours = turn.by !== 'person' && turn.event !== 'open' // what was asked is the person's, whoever entered it
  return (
    <article className={`turn${ours ? ' ours' : ''}${turn.internal ? ' internal' : ''}`}>
      <Flex gap={8} align="center" wrap>
        <strong>{turn.by === 'person' ? t('person') : turn.by}</strong>
        <Tag>{t(`event.${turn.event}`)}</Tag>
        {turn.internal && <Tag color="gold">{t('internal')}</Tag>}
        <span className="quiet">{minute(turn.at)}</span>
      </Flex>
      {turn.text && <p className="turn-text"><Lines text={turn.text} /></p>}
    </article>
  )
}

// Lines keep the line ends people wrote; every other hidden character is named.
function Lines({ text }: { text: string }) {
  return text.split('\n').map((line, n) => (
    <span key={n}>{n > 0 && <br />}<Visible text={line} empty="" /></span>
  ))
}

function Facts({ ticket: one }: { ticket: HelpdeskTicket }) {
  const { t } = useTranslation('tickets')
  const items = [
    { key: 'kind', label: t('kind'), children: t(`kind.${one.kind}`) },
    { key: 'name', label: t('name'), children: <Visible text={one.name} empty={one.erased ? t('erased') : '–'} /> },
    { key: 'contact', label: t('contact'), children: <Visible text={one.contact} /> },
    { key: 'holder', label: t('holder'), children: one.holder ? <Link to={`/holders/${one.holder}`} className="code">{one.holder}</Link> : '–' },
    { key: 'officer', label: t('officer'), children: one.officer || '–' },
    { key: 'node', label: t('components:place'), children: one.node },
    { key: 'opened', label: t('opened'), children: minute(one.opened) },
    { key: 'due', label: t('due'), children: minute(one.due) },
    { key: 'answered', label: t('answered'), children: minute(one.answered) },
    { key: 'resolved', label: t('resolved'), children: minute(one.resolved) },
    { key: 'closed', label: t('closed'), children: minute(one.closed) },
    { key: 'rating', label: t('rating'), children: one.rating ? <Rate disabled value={one.rating} aria-label={t('rating')} /> : '–' },
  ]
  return (
    <Card title={t('facts')}>
      <Descriptions size="small" column={1} styles={{ label: { minWidth: 88 } }} items={items} />
    </Card>
  )
}
