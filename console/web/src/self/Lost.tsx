import { useTranslation } from 'react-i18next'
import { Page } from './Page'

export function Lost() {
  const { t } = useTranslation('self')
  return <Page title={t('app:nopage.title')}>{t('app:nopage.text')}</Page>
}
