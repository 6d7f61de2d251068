import { Card, Descriptions, Flex, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link, useParams } from 'react-router'
import { rolesAt } from '@/app/access'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { date, moment } from '@/lib/format'
import { useSession } from '@/lib/session'
import { AtMoment } from './AtMoment'
import { CentreActs } from './CentreActs'
import { CounterActs } from './CounterActs'
import { Downloads } from './Downloads'
import { known as nameOf } from './names'
import { useKnown } from './known'
import { marksOf, type Known } from './life'
import { LifeLine } from './LifeLine'
import { readable } from './places'

export default function Show() {
  const { t } = useTranslation('certificates')
  const { issuer = '', serial = '' } = useParams()
  const { view } = useSession()
  const places = readable(view)
  const query = useKnown(issuer, serial, places)
  const name = nameOf(query.data)
  return (
    <>
      <PageHead title={name ?? t('one')} about={query.data && <><StateTag state={(query.data.ca ?? query.data.ra)!.state} /> <span className="code">{issuer} / {serial}</span></>} acts={query.data && <><CounterActs known={query.data} /><CentreActs known={query.data} roles={rolesAt(view, 'ca')} /></>} />
      <Loaded query={query}>{(known) => <Parts known={known} places={places} />}</Loaded>
    </>
  )
}

function Parts({ known, places }: { known: Known; places: string[] }) {
  const one = (known.ca ?? known.ra)!
  return (
    <div className="two-columns">
      <Flex vertical gap={16}>
        <LifeLine begin={one.not_before} end={one.not_after} state={one.state} marks={marksOf(known)} />
        <Facts known={known} />
      </Flex>
      <Flex vertical gap={16}>
        <Downloads known={known} />
        {places.includes('ca') && known.ca && <AtMoment issuer={one.issuer} serial={one.serial} />}
      </Flex>
    </div>
  )
}

function Facts({ known: { ca, ra } }: { known: Known }) {
  const { t } = useTranslation('certificates')
  const one = (ca ?? ra)!
  const other = (serial: string) => <Link className="code" to={`/certificates/${one.issuer}/${serial}`}>{serial}</Link>
  const items = [
    { label: t('name'), children: ra && <Visible text={ra.name} /> },
    { label: t('unit'), children: ra?.unit && <Visible text={ra.unit} /> },
    { label: t('subject'), children: ca && <Visible text={ca.subject} /> },
    { label: t('kind'), children: t(`kind.${one.kind}`) },
    { label: t('profile'), children: one.profile },
    { label: t('role'), children: ca && t(`role.${ca.role}`) },
    { label: t('issuer'), children: one.issuer },
    { label: t('serial'), children: <Typography.Text copyable className="code">{one.serial}</Typography.Text> },
    { label: t('partner'), children: one.partner && <span>{other(one.partner)} <span className="quiet">{t('partner.about')}</span></span> },
    { label: t('previous'), children: ca?.previous && other(ca.previous) },
    { label: t('validity'), children: `${moment(one.not_before)} – ${moment(one.not_after)}` },
    { label: t('reason'), children: ca?.reason && t(`reason.${ca.reason}`) },
    { label: t('holder'), children: one.holder && (ra ? <Link to={`/holders/${ra.holder}`} className="code">{one.holder}</Link> : <span className="code">{one.holder}</span>) },
    { label: t('application'), children: one.application && (ra ? <Link to={`/applications/${one.application}`} className="code">{one.application}</Link> : <span className="code">{one.application}</span>) },
    { label: t('components:place'), children: ra?.node },
    { label: t('changed'), children: one.changed && date(one.changed) },
  ]
  return (
    <Card title={t('facts')}>
      <Descriptions size="small" column={1} styles={{ label: { minWidth: 88 } }} items={items.filter((item) => item.children).map((item) => ({ ...item, key: String(item.label) }))} />
    </Card>
  )
}
