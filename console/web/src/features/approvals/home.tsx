import { Card, Flex } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Visible } from '@/components/Visible'
import { minute } from '@/lib/format'
import { useOperation } from './names'
import { useWaiting } from './useWaiting'

export const order = 30
const shown = 5

// What waits for this person's consent; nothing where nothing does.
export default function Waiting() {
  const { t } = useTranslation('approvals')
  const named = useOperation()
  const { data } = useWaiting()
  if (!data?.length) return null
  return (
    <Card title={t('home', { count: data.length })} extra={<Link to="/approvals">{t('all')}</Link>}>
      <Flex vertical gap={8}>
        {data.slice(0, shown).map((item) => (
          <Flex key={item.key} gap={12} wrap>
            <Link to={item.to}>
              {named(item.operation)} · <Visible text={item.object} />
            </Link>
            <span className="quiet">
              {item.by} · {minute(item.at)}
            </span>
          </Flex>
        ))}
      </Flex>
    </Card>
  )
}
