import { useQuery } from '@tanstack/react-query'
import { Alert } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { selfAnnouncements } from '@/client/self'
import { Visible } from '@/components/Visible'
import { date } from '@/lib/format'
import { ask, byItself } from '@/lib/http'

// News are the latest announcements, by their titles. That they cannot be had keeps
// nobody from his business.
export function News() {
  const { i18n } = useTranslation('self')
  const { data } = useQuery({ queryKey: ['news'], queryFn: () => ask(selfAnnouncements({ query: { limit: 3 }, ...byItself })), staleTime: 300_000 })
  if (!data?.items.length) return null
  return (
    <Alert
      type="info"
      description={data.items.map((one) => (
        <div key={one.id}>
          <Link to={`/announcements/${one.id}`}>
            <Visible text={i18n.language === 'zh-CN' ? one.title_zh : one.title_en} />
          </Link>{' '}
          <span className="quiet">{date(one.begins)}</span>
        </div>
      ))}
    />
  )
}
