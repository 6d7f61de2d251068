import { BellOutlined } from '@ant-design/icons'
import { Badge, Button, Flex, Popover, Tag } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { kinds, waiting } from './kinds'
import { target } from './target'
import { useWork } from './useWork'

export const order = 10

// How much waits, in the header of every page.
export default function WorkBadge() {
  const { t } = useTranslation('work')
  const { data: work } = useWork()
  const [open, setOpen] = useState(false)
  if (!work) return null
  const count = waiting(work)
  const lines = kinds.filter((kind) => work[kind.key] > 0)
  const content = (
    <Flex vertical className="work-lines">
      {lines.length === 0 && <span className="quiet">{t('nothing')}</span>}
      {lines.map((kind) => (
        <Link key={kind.key} to={target(kind)} className="work-line" onClick={() => setOpen(false)}>
          <span>{t(kind.key)}</span>
          <span>
            {kind.key === 'review' && work.losses > 0 && <Tag color="orange">{t('losses', { count: work.losses })}</Tag>}
            <b>{work[kind.key]}</b>
          </span>
        </Link>
      ))}
    </Flex>
  )
  return (
    <Popover content={content} title={t('title')} trigger="click" placement="bottomRight" open={open} onOpenChange={setOpen}>
      <Button type="text" aria-label={t('badge', { count })} icon={<Badge count={count} size="small" overflowCount={999}><BellOutlined /></Badge>} />
    </Popover>
  )
}
