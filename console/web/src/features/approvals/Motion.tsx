import { useQuery } from '@tanstack/react-query'
import { Alert, Button, Card, Descriptions, Flex, Space, Tag } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link, useParams } from 'react-router'
import { rolesAt } from '@/app/access'
import { NoPage } from '@/app/NoPage'
import { motionDecide, motions } from '@/client/ra'
import type { RaMotion } from '@/client/ra'
import { Act } from '@/components/Act'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { minute } from '@/lib/format'
import { ask } from '@/lib/http'
import { useSession } from '@/lib/session'
import { partsOf, policyCompared } from './compare'
import { Difference } from '@/components/Difference'
import { deciders, mayDecide } from './items'
import { titleOf, useObject, useOperation } from './names'

// Motion is what somebody at the registration proposed and others have to want: a holder's
// move, an edition of the rules, the end of a volume.
export default function Motion() {
  const { id = '' } = useParams()
  const { t, i18n } = useTranslation('approvals')
  const named = useOperation()
  const objectOf = useObject()
  const query = useQuery({ queryKey: ['approvals', 'motion', id], queryFn: () => ask(motions({ query: { id } })).then((page) => page.items[0] ?? null) })
  return (
    <Loaded query={query}>
      {(m) =>
        m === null ? (
          <NoPage />
        ) : (
          <>
            <PageHead title={`${named(`motion.${m.kind}`)} · ${objectOf(titleOf(m, i18n.language === 'zh-CN'))}`} about={t('one.about')} acts={<Acts m={m} />} />
            <Flex vertical gap={16}>
              <Standing m={m} />
              {m.kind === 'policy' && m.state !== 'refused' && <Policy m={m} />}
              {(m.kind === 'announce' || m.kind === 'take-down') && <Link to={`/announcements/${m.object}`}>{t('announcement.open')}</Link>}
              {m.kind === 'destroy' && m.state === 'open' && <Alert type="warning" showIcon title={t('destroy.warning')} />}
            </Flex>
          </>
        )
      }
    </Loaded>
  )
}

function Standing({ m }: { m: RaMotion }) {
  const { t, i18n } = useTranslation('approvals')
  return (
    <Card size="small" title={t('standing')} extra={<StateTag state={m.state} of="motion" />}>
      <Descriptions
        size="small"
        column={{ xs: 1, md: 2 }}
        items={[
          { key: 'by', label: t('by'), children: <>{m.proposed_by} · {minute(m.created)}</> },
          { key: 'reason', label: t('reason'), children: <Visible text={m.reason} /> },
          ...Object.entries(m.detail).filter(([, value]) => value !== '').map(([name, value]) => ({ key: 'd' + name, label: i18n.exists(`approvals:detail.${name}`) ? t(`detail.${name}`) : name, children: <Visible text={/^\d{4}-\d{2}-\d{2}T/.test(value) ? minute(value) : value} /> })),
          { key: 'votes', label: t('votes'), children: m.consents.length ? <Space wrap>{m.consents.map((name) => <Tag key={name} color="green">{name}</Tag>)}</Space> : <span className="quiet">{t('votes.none')}</span> },
          { key: 'missing', label: t('missing'), children: m.state === 'open' ? t('motion.missing', { count: m.needs - m.consents.length, roles: deciders(m.kind).map((role) => t(`app:role.${role}`)).join(t('app:or')) }) : t('missing.none') },
          ...(m.note ? [{ key: 'note', label: t('note'), children: <Visible text={m.note} /> }] : []),
        ]}
      />
    </Card>
  )
}

function Acts({ m }: { m: RaMotion }) {
  const { t } = useTranslation('approvals')
  const { view } = useSession()
  const me = view.places.find((one) => one.name === 'ra')?.as ?? ''
  const mine = mayDecide(m, rolesAt(view, 'ra'), me)
  const decide = (consent: boolean) => (note: string) => ask(motionDecide({ path: { id: m.id }, body: { consent, note, version: m.version } }))
  const refresh = [[]] // what was agreed to changes something somewhere
  return (
    <>
      {mine && <Act primary label={t('approve')} title={t('approve.title')} reason="optional" reasonLabel={t('note')} done={t('approve.done')} run={decide(true)} refresh={refresh} />}
      {mine && <Act danger label={t('reject')} reason="required" done={t('reject.done')} run={decide(false)} refresh={refresh} />}
      {m.state === 'open' && m.proposed_by === me && <span className="quiet">{t('own')}</span>}
      {m.state === 'open' && m.consents.includes(me) && <span className="quiet">{t('counted')}</span>}
      <Link to="/approvals"><Button>{t('back')}</Button></Link>
    </>
  )
}

function Policy({ m }: { m: RaMotion }) {
  const { t } = useTranslation('approvals')
  const [kind, edition] = partsOf(m)
  const objectOf = useObject()
  const query = useQuery({ queryKey: ['approvals', 'policy', m.id], queryFn: () => policyCompared(m) })
  return (
    <Card size="small" title={t('content', { name: objectOf(m.object) })} extra={<Link to={`/policies/${kind}/${encodeURIComponent(edition)}`}>{t('policy.open')}</Link>}>
      <Loaded query={query}>{({ comparison }) => (comparison ? <Difference before={comparison.before} after={comparison.after} /> : <span className="quiet">{t('policy.pdf')}</span>)}</Loaded>
    </Card>
  )
}
