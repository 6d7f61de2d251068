import { Space, Tag } from 'antd'
import { useTranslation } from 'react-i18next'

// Needed names who still has to agree, and how many of them.
export function Needed({ needs }: { needs: { role: string; count: number }[] }) {
  const { t } = useTranslation('approvals')
  if (needs.length === 0) return <span className="quiet">{t('missing.none')}</span>
  return (
    <Space wrap size={4}>
      {needs.map((need) => (
        <Tag key={need.role} color="blue">
          {t(`app:role.${need.role}`)} × {need.count}
        </Tag>
      ))}
    </Space>
  )
}
