import { Card } from 'antd'
import { useTranslation } from 'react-i18next'
import { LogIn } from './LogIn'
import { Page } from './Page'

// NeedsCertificate stands where a page is about somebody: after logging in it is there.
export function NeedsCertificate() {
  const { t } = useTranslation('self')
  return (
    <Page title={t('needs')} about={t('needs.text')}>
      <Card>
        <LogIn />
      </Card>
    </Page>
  )
}
