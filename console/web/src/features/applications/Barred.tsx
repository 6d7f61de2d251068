import { Alert } from 'antd'
import { useTranslation } from 'react-i18next'
import type { RaApplication } from '@/client/ra'

// Barred says who can do what the state allows and the reader may not: which role, where.
export function Barred({ application }: { application: RaApplication }) {
  const { t, i18n } = useTranslation('applications')
  const all = application.barred ?? []
  if (all.length === 0) return null
  const roles = (needs: string[]) => needs.map((role) => t(`app:role.${role}`)).join(t('app:or'))
  const why = (code: string, wrong: string) => (i18n.language === 'zh-CN' && i18n.exists(`components:refusal.${code}`) ? t(`components:refusal.${code}`) : wrong)
  return (
    <Alert
      type="info"
      showIcon
      title={t('barred.title')}
      description={
        <ul className="barred">
          {all.map((bar) => (
            <li key={bar.act}>
              <b>{t(`act.${bar.act}`)}</b> — {t('barred.who', { roles: roles(bar.needs), where: bar.where })} {bar.code !== 'officer.forbidden' && <span className="quiet">({why(bar.code, bar.wrong)})</span>}
            </li>
          ))}
        </ul>
      }
    />
  )
}
