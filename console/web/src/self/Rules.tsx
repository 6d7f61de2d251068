import { DownloadOutlined } from '@ant-design/icons'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Button, Card, Empty, Flex, Tag } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { selfAnnouncements, selfPolicies, selfPoliciesText } from '@/client/self'
import type { RaPolicy } from '@/client/self'
import { Failure } from '@/components/Failure'
import { Loaded } from '@/components/Loaded'
import { Visible } from '@/components/Visible'
import { date } from '@/lib/format'
import { ask, save } from '@/lib/http'
import { Page } from './Page'

// Rules are the published statements of the service, and what it announces.
export function Rules() {
  const { t, i18n } = useTranslation('self')
  const rules = useQuery({ queryKey: ['rules'], queryFn: () => ask(selfPolicies({ query: { limit: 50 } })) })
  const news = useQuery({ queryKey: ['announcements'], queryFn: () => ask(selfAnnouncements({ query: { limit: 20 } })) })
  return (
    <Page title={t('rules')} about={t('rules.short')}>
      <h2>{t('news')}</h2>
      <Loaded query={news}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('news.none')} />
          ) : (
            items.map((one) => (
              <Link key={one.id} to={`/announcements/${one.id}`} className="self-tile">
                <span className="self-tile-words">
                  <strong>
                    <Visible text={i18n.language === 'zh-CN' ? one.title_zh : one.title_en} />
                  </strong>
                  <span className="quiet">{date(one.begins)}</span>
                </span>
              </Link>
            ))
          )
        }
      </Loaded>
      <h2>{t('rules.published')}</h2>
      <Loaded query={rules}>
        {({ items }) => (items.length === 0 ? <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('rules.none')} /> : items.map((one) => <Rule key={one.kind + one.edition} rule={one} />))}
      </Loaded>
    </Page>
  )
}

function Rule({ rule }: { rule: RaPolicy }) {
  const { t } = useTranslation('self')
  const get = useMutation({
    mutationFn: async () => {
      const whole = await ask(selfPoliciesText({ path: { kind: rule.kind, edition: rule.edition } }))
      const octets = Uint8Array.from(atob(whole.content ?? ''), (c) => c.charCodeAt(0))
      save(new Blob([octets], { type: whole.media_type }), `${rule.kind}-${rule.edition}.${whole.media_type === 'application/pdf' ? 'pdf' : 'txt'}`)
    },
  })
  return (
    <Card size="small">
      <Flex vertical gap={6}>
        <strong>
          <Visible text={rule.title} />
        </strong>
        <span className="quiet">
          {t(`rule.${rule.kind}`, { defaultValue: rule.kind })} · {t('rules.edition', { edition: rule.edition })} · {t('rules.begins', { date: date(rule.begins) })} {rule.in_force && <Tag color="green">{t('rules.in-force')}</Tag>}
        </span>
        {get.isError && <Failure error={get.error} />}
        <Button size="large" icon={<DownloadOutlined />} loading={get.isPending} onClick={() => get.mutate()} className="self-left">
          {t('rules.read')}
        </Button>
      </Flex>
    </Card>
  )
}
