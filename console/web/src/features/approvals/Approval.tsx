import { useQuery } from '@tanstack/react-query'
import { Alert, Button, Card, Descriptions, Flex, Space, Tag, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate, useParams } from 'react-router'
import { rolesAt, type Place } from '@/app/access'
import { NoPage } from '@/app/NoPage'
import type { OfficerApproval } from '@/client/ca'
import { Act } from '@/components/Act'
import { Failure } from '@/components/Failure'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { minute, pairs } from '@/lib/format'
import { useSession } from '@/lib/session'
import { approveAt, isPlace, oneAt, rejectAt, withdrawAt } from './calls'
import { compared } from './compare'
import { Difference } from '@/components/Difference'
import { useOperation } from './names'
import { Needed } from './Needed'

// Approval is one proposal: what would be done, who agreed, and what one may say to it.
export default function Approval() {
  const { place, id = '' } = useParams()
  if (!isPlace(place)) return <NoPage />
  return <Proposal place={place} id={id} />
}

function Proposal({ place, id }: { place: Place; id: string }) {
  const { t } = useTranslation('approvals')
  const named = useOperation()
  const query = useQuery({ queryKey: ['approvals', place, id], queryFn: () => oneAt(place, id) })
  return (
    <Loaded query={query}>
      {(a) => (
        <>
          <PageHead title={`${named(a.operation)} · ${a.object}`} about={t('one.about')} acts={<Acts place={place} a={a} />} />
          <Flex vertical gap={16}>
            <Standing place={place} a={a} />
            {a.summary && (
              <Card size="small" title={t('summary')}>
                <Typography.Paragraph className="lines"><Visible text={a.summary} /></Typography.Paragraph>
              </Card>
            )}
            <Content a={a} />
          </Flex>
        </>
      )}
    </Loaded>
  )
}

function Standing({ place, a }: { place: Place; a: OfficerApproval }) {
  const { t } = useTranslation('approvals')
  return (
    <Card size="small" title={t('standing')} extra={<StateTag state={a.state} of="approval" />}>
      <Descriptions
        size="small"
        column={{ xs: 1, md: 2 }}
        items={[
          { key: 'place', label: t('place'), children: t(`app:place.${place}`) },
          { key: 'by', label: t('by'), children: <>{a.proposed_by} · {minute(a.proposed)}</> },
          { key: 'reason', label: t('reason'), children: <Visible text={a.reason} /> },
          { key: 'until', label: t('until'), children: minute(a.expires) },
          { key: 'votes', label: t('votes'), children: a.votes.length ? <Space wrap>{a.votes.map((vote) => <Tag key={vote.name} color="green">{vote.name} · {minute(vote.at)}</Tag>)}</Space> : <span className="quiet">{t('votes.none')}</span> },
          { key: 'missing', label: t('missing'), children: <Needed needs={a.missing} /> },
          ...(a.ended_by ? [{ key: 'ended', label: t('ended.by'), children: <>{a.ended_by} · {minute(a.ended)}{a.end_reason && <>：<Visible text={a.end_reason} /></>}</> }] : []),
          { key: 'digest', label: t('digest'), span: 'filled' as const, children: <Typography.Text className="code" copyable={{ text: a.digest }}>{pairs(a.digest)}</Typography.Text> },
        ]}
      />
    </Card>
  )
}

// Acts are those that count now. Who may not is told who can.
function Acts({ place, a }: { place: Place; a: OfficerApproval }) {
  const { t } = useTranslation('approvals')
  const { view } = useSession()
  const navigate = useNavigate()
  const me = view.places.find((one) => one.name === place)?.as
  const roles = rolesAt(view, place) as string[]
  const open = a.state === 'pending' || a.state === 'approved'
  const own = a.proposed_by === me
  const counted = a.votes.some((vote) => vote.name === me)
  const wanted = a.state === 'pending' && !own && !counted && a.missing.some((need) => roles.includes(need.role))
  const refresh = [[]] // what was agreed to changes something somewhere
  return (
    <>
      {wanted && <Act primary label={t('approve')} title={t('approve.title')} about={<Alert type="info" title={t('approve.about', { digest: pairs(a.digest).slice(0, 23) })} />} done={t('approve.done')} run={() => approveAt(place, a.id, a.digest)} refresh={refresh} />}
      {wanted && <Act danger label={t('reject')} reason="required" done={t('reject.done')} run={(reason) => rejectAt(place, a.id, reason)} refresh={refresh} />}
      {open && own && <Act danger label={t('withdraw')} title={t('withdraw.title')} done={t('withdraw.done')} run={() => withdrawAt(place, a.id)} refresh={refresh} after={() => void navigate('/approvals')} />}
      {open && own && <span className="quiet">{t('own')}</span>}
      {open && counted && <span className="quiet">{t('counted')}</span>}
      {a.state === 'pending' && !own && !counted && !wanted && <span className="quiet">{t('others')} <Needed needs={a.missing} /></span>}
      <Link to="/approvals"><Button>{t('back')}</Button></Link>
    </>
  )
}

function Content({ a }: { a: OfficerApproval }) {
  const { t } = useTranslation('approvals')
  const query = useQuery({ queryKey: ['approvals', 'content', a.id, a.digest], queryFn: () => compared(a) })
  if (query.isError) return <Failure error={query.error} retry={() => void query.refetch()} />
  return (
    <>
      {query.data?.map((one) => (
        <Card key={one.name} size="small" title={t(one.before ? 'content.changed' : 'content', { name: one.name })}>
          <Difference before={one.before} after={one.after} />
        </Card>
      ))}
    </>
  )
}
