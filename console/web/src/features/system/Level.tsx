import { CheckCircleFilled, CloseCircleFilled, ExclamationCircleFilled } from '@ant-design/icons'
import { Tag } from 'antd'
import { useTranslation } from 'react-i18next'
import type { Light } from './health'

const colours: Record<string, string> = { ok: 'success', warning: 'warning', failing: 'error' }
const icons: Record<Light, { icon: typeof CheckCircleFilled; className: string }> = {
  green: { icon: CheckCircleFilled, className: 'light-green' },
  yellow: { icon: ExclamationCircleFilled, className: 'light-yellow' },
  red: { icon: CloseCircleFilled, className: 'light-red' },
}

export function Level({ level }: { level: string }) {
  const { t } = useTranslation('system')
  return <Tag color={colours[level]}>{t(`level.${level}`)}</Tag>
}

// Lamp is a light with its meaning in words, since colour alone tells some people nothing.
export function Lamp({ light }: { light: Light }) {
  const { t } = useTranslation('system')
  const { icon: Icon, className } = icons[light]
  return (
    <span className={className}>
      <Icon aria-hidden /> {t(`light.${light}`)}
    </span>
  )
}
