import { useQuery } from '@tanstack/react-query'
import { Card, Descriptions, Flex, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link, useParams } from 'react-router'
import { announcement, announcementWithdraw, me } from '@/client/ra'
import type { RaAnnouncement } from '@/client/ra'
import { Act } from '@/components/Act'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { minute } from '@/lib/format'
import { ask } from '@/lib/http'

// Announcement is one of them in both languages, as the public site shows it.
export default function Announcement() {
  const { id = '' } = useParams()
  const query = useQuery({ queryKey: ['announcements', 'one', id], queryFn: () => ask(announcement({ path: { id } })) })
  return <Loaded query={query}>{(one) => <Shown one={one} />}</Loaded>
}

function Shown({ one }: { one: RaAnnouncement }) {
  const { t, i18n } = useTranslation('announcements')
  const own = useQuery({ queryKey: ['me'], queryFn: () => ask(me()) })
  const down = one.state === 'published' && own.data?.rights.includes('ra.policy.propose')
  return (
    <>
      <PageHead title={i18n.language === 'zh-CN' ? one.title_zh : one.title_en} about={t(one.shown ? 'shown.about' : 'hidden.about')} acts={down && <Act danger label={t('down')} reason="required" about={<p>{t('down.about')}</p>} done={t('down.done')} run={(reason) => ask(announcementWithdraw({ path: { id: one.id }, body: { reason } }))} refresh={[['announcements'], ['approvals']]} />} />
      <Flex vertical gap={16}>
        <Card size="small" extra={<StateTag state={one.state} />} title={t('entry')}>
          <Descriptions
            size="small"
            column={{ xs: 1, md: 2 }}
            items={[
              { key: 'begins', label: t('begins'), children: minute(one.begins) },
              { key: 'ends', label: t('ends'), children: one.ends ? minute(one.ends) : t('ends.none') },
              { key: 'by', label: t('by'), children: one.by || '–' },
              { key: 'motion', label: t('motion'), children: one.motion ? <Link to={`/approvals/motion/${one.motion}`}>{one.motion}</Link> : '–' },
            ]}
          />
        </Card>
        {(['zh', 'en'] as const).map((language) => (
          <Card key={language} size="small" title={<Visible text={one[`title_${language}`]} />} lang={language}>
            <Typography.Paragraph className="lines"><Visible text={one[`text_${language}`]} /></Typography.Paragraph>
          </Card>
        ))}
      </Flex>
    </>
  )
}
