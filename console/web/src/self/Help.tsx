import { Collapse } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Page } from './Page'

const questions = ['what', 'choose', 'pin', 'lost', 'held', 'expired', 'renew', 'newkey', 'escrow'] as const

// Help answers what people ask most, in their words.
export function Help() {
  const { t } = useTranslation('self')
  return (
    <Page title={t('help')} about={t('help.about')}>
      <Collapse size="large" items={questions.map((key) => ({ key, label: t(`help.${key}`), children: <p className="lines">{t(`help.${key}.text`)}</p> }))} />
      <p>
        {t('help.more')} <Link to="/tickets/ask">{t('ask')}</Link>
      </p>
    </Page>
  )
}
