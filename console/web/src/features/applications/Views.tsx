import { DeleteOutlined, StarOutlined } from '@ant-design/icons'
import { Button, Divider, Flex, Input, Popover, Space } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useStored } from '@/lib/stored'

export interface View {
  state?: string
  kind?: string
  node?: string
  batch?: string
}

// Views are filters this browser remembers under a name of the officer's choice. A
// person's name or holder number that was searched for is never among them.
export function Views({ filters, onChoose }: { filters: View; onChoose: (view: View) => void }) {
  const { t } = useTranslation('applications')
  const [views, setViews] = useStored<Record<string, View>>('views.applications', {})
  const [name, setName] = useState('')
  const [open, setOpen] = useState(false)
  const keep = () => {
    if (!name.trim()) return
    setViews({ ...views, [name.trim()]: filters })
    setName('')
  }
  const content = (
    <Flex vertical gap={4} className="views">
      {Object.keys(views).length === 0 && <span className="quiet">{t('views.none')}</span>}
      {Object.entries(views).map(([label, view]) => (
        <Flex key={label} justify="space-between" gap={8}>
          <Button type="text" block className="view-choice" onClick={() => { onChoose(view); setOpen(false) }}>
            {label}
          </Button>
          <Button type="text" aria-label={t('views.remove', { name: label })} icon={<DeleteOutlined />} onClick={() => setViews(Object.fromEntries(Object.entries(views).filter(([other]) => other !== label)))} />
        </Flex>
      ))}
      <Divider size="small" />
      <Space.Compact>
        <Input aria-label={t('views.name')} placeholder={t('views.name')} value={name} maxLength={30} onChange={(event) => setName(event.target.value)} onPressEnter={keep} />
        <Button onClick={keep} disabled={!name.trim()}>{t('views.keep')}</Button>
      </Space.Compact>
    </Flex>
  )
  return (
    <Popover content={content} title={t('views')} trigger="click" placement="bottomLeft" open={open} onOpenChange={setOpen}>
      <Button icon={<StarOutlined />}>{t('views')}</Button>
    </Popover>
  )
}
