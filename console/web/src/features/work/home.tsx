import { Card, Col, Empty, Row, Tag } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { holds } from '@/app/access'
import { Loaded } from '@/components/Loaded'
import { useSession } from '@/lib/session'
import { kinds } from './kinds'
import { target } from './target'
import { useWork } from './useWork'

export const order = 10

// What waits for the one who came, each leading to its list.
export default function MyWork() {
  const { t } = useTranslation('work')
  const { view } = useSession()
  const query = useWork()
  if (!holds(view, 'work')) return null
  return (
    <Card title={t('title')}>
      <Loaded query={query}>
        {(work) => {
          const lines = kinds.filter((kind) => work[kind.key] > 0)
          if (lines.length === 0) return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('nothing')} />
          return (
            <Row gutter={[12, 12]}>
              {lines.map((kind) => (
                <Col key={kind.key} xs={12} sm={8} lg={6} xxl={4}>
                  <Link to={target(kind)} className="work-card">
                    <span className="quiet">{t(kind.key)}</span>
                    <span className="work-count">{work[kind.key]}</span>
                    <span className="work-hint">{kind.key === 'review' && work.losses > 0 ? <Tag color="orange">{t('losses', { count: work.losses })}</Tag> : t(`${kind.key}.hint`)}</span>
                  </Link>
                </Col>
              ))}
            </Row>
          )
        }}
      </Loaded>
    </Card>
  )
}
