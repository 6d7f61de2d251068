import { Card, Empty, Flex, Statistic, Tag } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { CaIssuerView } from '@/client/ca'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { Visible } from '@/components/Visible'
import { date, daysUntil } from '@/lib/format'
import { validityOf } from './certificate'
import { useIssuers } from './issuer'

// List is every CA that issues here, with how many of its certificates are what.
export default function List() {
  const { t } = useTranslation('issuers')
  const query = useIssuers()
  return (
    <>
      <PageHead title={t('title')} about={t('about')} />
      <Loaded query={query}>
        {(all) =>
          all.length === 0 ? (
            <Empty description={t('none')} />
          ) : (
            <div className="issuer-cards">
              {all.map((one) => (
                <Link key={one.id} to={`/issuers/${one.id}`}>
                  <IssuerCard one={one} />
                </Link>
              ))}
            </div>
          )
        }
      </Loaded>
    </>
  )
}

function IssuerCard({ one }: { one: CaIssuerView }) {
  const { t } = useTranslation('issuers')
  const validity = validityOf(one.chain[0])
  const days = daysUntil(validity?.to)
  return (
    <Card size="small" hoverable title={one.id} extra={<Tag>{one.suite}</Tag>}>
      <p>
        <Visible text={one.subject} />
      </p>
      <Flex gap={24} wrap>
        {(['valid', 'held', 'revoked'] as const).map((state) => (
          <Statistic key={state} title={t(`components:state.${state}`)} value={one.counts[state] ?? 0} />
        ))}
      </Flex>
      <p className="quiet">
        {t('until', { date: date(validity?.to) })} {days !== undefined && days < 400 && <Tag color={days < 90 ? 'red' : 'orange'}>{t('days', { count: days })}</Tag>} · {t('partitions', { count: one.partitions })}
      </p>
    </Card>
  )
}
