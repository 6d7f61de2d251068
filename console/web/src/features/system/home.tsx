import { Card, Flex } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { lightOf, troubles } from './health'
import { Lamp } from './Level'
import { useSystems } from './places'

export const order = 80

// Health on the first page is a lamp for each place, for those who keep them.
export default function Health() {
  const { t } = useTranslation('system')
  const systems = useSystems()
  if (systems.length === 0) return null
  return (
    <Card title={t('title')} extra={<Link to="/system">{t('open')}</Link>}>
      <Flex gap={32} wrap>
        {systems.map(({ place, query }) => (
          <Flex key={place} vertical>
            <span className="quiet">{t(`app:place.${place}`)}</span>
            {query.data && <Lamp light={lightOf(query.data)} />}
            {query.data && troubles(query.data.checks).length > 0 && <span className="quiet">{t('look', { count: troubles(query.data.checks).length })}</span>}
            {query.isError && <Lamp light="red" />}
          </Flex>
        ))}
      </Flex>
    </Card>
  )
}
