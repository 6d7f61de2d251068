import { SafetyOutlined } from '@ant-design/icons'
import { Badge, Button, Tooltip } from 'antd'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { useWaiting } from './useWaiting'

export const order = 20

// The count of what waits for consent, on every page.
export default function Count() {
  const { t } = useTranslation('approvals')
  const navigate = useNavigate()
  const { data } = useWaiting()
  if (!data?.length) return null
  const label = t('home', { count: data.length })
  return (
    <Tooltip title={label}>
      <Badge count={data.length} size="small" offset={[-6, 6]}>
        <Button type="text" icon={<SafetyOutlined />} aria-label={label} onClick={() => void navigate('/approvals')} />
      </Badge>
    </Tooltip>
  )
}
