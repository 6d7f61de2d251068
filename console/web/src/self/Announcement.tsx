import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { useParams } from 'react-router'
import { selfAnnouncement } from '@/client/self'
import { Loaded } from '@/components/Loaded'
import { Visible } from '@/components/Visible'
import { date } from '@/lib/format'
import { ask } from '@/lib/http'
import { Page } from './Page'

export function Announcement() {
  const { t, i18n } = useTranslation('self')
  const { id = '' } = useParams()
  const chinese = i18n.language === 'zh-CN'
  const query = useQuery({ queryKey: ['announcement', id], queryFn: () => ask(selfAnnouncement({ path: { id } })) })
  return (
    <Page title={(chinese ? query.data?.title_zh : query.data?.title_en) ?? t('news')} about={date(query.data?.begins)} back="/rules">
      <Loaded query={query}>
        {(one) => (
          <p className="lines">
            <Visible text={chinese ? one.text_zh : one.text_en} />
          </p>
        )}
      </Loaded>
    </Page>
  )
}
