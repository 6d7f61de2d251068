import { Button, Result } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'

export function NoPage() {
  const { t } = useTranslation('app')
  return <Result status="404" title={t('nopage.title')} subTitle={t('nopage.text')} extra={<Link to="/"><Button type="primary">{t('home')}</Button></Link>} />
}

// NoRight says which role opens a page and who gives it.
export function NoRight({ roles }: { roles: string[] }) {
  const { t } = useTranslation('app')
  const names = roles.map((role) => t(`role.${role}`)).join(t('or'))
  return <Result status="403" title={t('noright.title')} subTitle={names ? t('noright.text', { roles: names }) : t('noright.place')} extra={<Link to="/"><Button type="primary">{t('home')}</Button></Link>} />
}
