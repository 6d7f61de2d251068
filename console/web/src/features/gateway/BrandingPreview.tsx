import { Card } from 'antd'
import { useTranslation } from 'react-i18next'
import type { PagesBranding } from '@/client/gateway'
import { Visible } from '@/components/Visible'

// An image in base64 says itself what it is by how it begins.
const imageType = (base64: string) => (base64.startsWith('iVBOR') ? 'image/png' : 'image/svg+xml')

// BrandingPreview is a page of the gateway as people would see it, such as a refusal.
export function BrandingPreview({ look = {} }: { look?: PagesBranding }) {
  const { t, i18n } = useTranslation('gateway')
  const chinese = i18n.language === 'zh-CN'
  const say = (words?: { zh?: string; en?: string }) => (chinese ? words?.zh || words?.en : words?.en || words?.zh)
  return (
    <Card size="small" title={t('branding.preview')}>
      <div className="brand-page">
        <div className="brand-page-head" style={{ background: look.colour || '#0958d9' }}>
          {look.logo && <img alt="" src={`data:${imageType(look.logo)};base64,${look.logo}`} />}
          <span>
            <Visible text={say(look.title)} empty={t('branding.untitled')} />
          </span>
        </div>
        <div className="brand-page-body">
          <strong>{t('branding.sample')}</strong>
          <p>{t('branding.sample.about')}</p>
          <p className="quiet">
            <Visible text={[say(look.contact?.name), look.contact?.phone, look.contact?.email, say(look.contact?.hours)].filter(Boolean).join(' · ')} empty={t('branding.nobody')} />
          </p>
        </div>
      </div>
    </Card>
  )
}
