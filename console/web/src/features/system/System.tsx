import { Card, Flex, Skeleton, Tabs, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import type { WireSystem } from '@/client/ca'
import { Failure, said as refused } from '@/components/Failure'
import { PageHead } from '@/components/PageHead'
import { minute } from '@/lib/format'
import { Details } from './Details'
import { lightOf, splitName, troubles } from './health'
import { Lamp } from './Level'
import { useSystems } from './places'
import { useCheckName, useSaid } from './Said'

// System is how every place stands, each with its reasons, and everything about one.
export default function System() {
  const { t } = useTranslation('system')
  const systems = useSystems()
  const [search, setSearch] = useSearchParams()
  const chosen = systems.find(({ place }) => place === search.get('at')) ?? systems[0]
  return (
    <>
      <PageHead title={t('title')} about={t('about')} />
      <Flex gap={16} wrap className="cards">
        {systems.map(({ place, query }) => (
          <Card key={place} size="small" className="card" title={t(`app:place.${place}`)} extra={query.data ? <Lamp light={lightOf(query.data)} /> : query.isError && <Lamp light="red" />}>
            {query.data ? <Summary system={query.data} /> : query.isError ? refused(query.error).wrong : <Skeleton active />}
          </Card>
        ))}
      </Flex>
      <Tabs
        className="below"
        activeKey={chosen?.place}
        onChange={(at) => setSearch({ at })}
        items={systems.map(({ place, query }) => ({
          key: place,
          label: t(`app:place.${place}`),
          children: query.data ? <Details system={query.data} /> : query.isError ? <Failure error={query.error} retry={() => void query.refetch()} /> : <Skeleton active />,
        }))}
      />
    </>
  )
}

function Summary({ system }: { system: WireSystem }) {
  const { t } = useTranslation('system')
  const said = useSaid()
  const named = useCheckName()
  const wrong = troubles(system.checks)
  return (
    <Flex vertical gap={4}>
      <Typography.Text type="secondary">
        {t('version')} {system.version || '–'} · {t('started', { at: minute(system.started) })}
      </Typography.Text>
      {wrong.length === 0 && <span>{t('all', { count: system.checks.length })}</span>}
      {wrong.slice(0, 3).map((check) => {
        const { kind, which } = splitName(check.name)
        return (
          <span key={check.name}>
            {t('trouble', { name: [named(kind), which].filter(Boolean).join(' '), says: said(check).says })}
          </span>
        )
      })}
      {wrong.length > 3 && <span className="quiet">{t('more', { count: wrong.length - 3 })}</span>}
    </Flex>
  )
}
