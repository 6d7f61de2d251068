import { DeleteOutlined, StarOutlined } from '@ant-design/icons'
import { Button, Divider, Flex, Input, Popover, Space } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useStored } from '@/lib/stored'

type View = Partial<Record<string, string>>

// SavedViews are filters this browser remembers under a name of the officer's choice.
// The caller gives only those that say nothing of a person.
export function SavedViews({ list, filters, onChoose }: { list: string; filters: View; onChoose: (view: View) => void }) {
  const { t } = useTranslation('components')
  const [views, setViews] = useStored<Record<string, View>>(`views.${list}`, {})
  const [name, setName] = useState('')
  const [open, setOpen] = useState(false)
  const keep = () => {
    if (!name.trim()) return
    setViews({ ...views, [name.trim()]: filters })
    setName('')
  }
  const content = (
    <Flex vertical gap={4}>
      {Object.keys(views).length === 0 && <span className="quiet">{t('views.none')}</span>}
      {Object.entries(views).map(([label, view]) => (
        <Flex key={label} justify="space-between" gap={8}>
          <Button type="text" onClick={() => { onChoose(view); setOpen(false) }}>
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
