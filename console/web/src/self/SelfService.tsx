import { useTranslation } from 'react-i18next'

export function SelfService() {
  const { t } = useTranslation('self')
  return <h1>{t('title')}</h1>
}
