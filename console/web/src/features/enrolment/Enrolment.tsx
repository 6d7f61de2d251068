import { Alert, Card, Flex, Tabs, Typography } from 'antd'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import type { Place } from '@/app/access'
import { Preferences } from '@/app/Preferences'
import { useSession } from '@/lib/session'
import { ByCommand } from './ByCommand'
import { takers } from './code'
import { Enrol } from './Enrol'
import { Join } from './Join'

// Enrolment is where a one-time code is used in a browser (design.md decision 14): at a CA
// for a key that the browser makes, at every other place to register a certificate of the
// CA. Whoever has a code may open it; the servers judge the code as they judge the command
// line's.
export default function Enrolment() {
  const { t, i18n } = useTranslation('enrolment')
  const { view } = useSession()
  useEffect(() => {
    document.title = `${t('title')} · OneCert`
  }, [t, i18n.language])
  const issues = view.places.some((place) => place.name === 'ca')
  const joined = view.places.filter((place) => takers[place.name as Place])
  const certified = view.places.some((place) => place.name === 'ca' && place.known)
  const ways = [
    ...(issues ? [{ key: 'enrol', label: t('enrol'), children: <Enrol /> }] : []),
    ...(joined.length > 0 ? [{ key: 'join', label: t('join'), children: <Join places={joined} /> }] : []),
  ]
  return (
    <Flex vertical align="center" className="enrolment">
      <Flex gap={8} className="login-preferences">
        <Preferences />
      </Flex>
      <main>
        <Card>
          <Typography.Title level={1} className="page-title">
            {t('title')}
          </Typography.Title>
          <Typography.Paragraph type="secondary">{t('about', { title: view.title })}</Typography.Paragraph>
          {ways.length === 0 && <Alert type="warning" showIcon title={t('nowhere')} />}
          {ways.length === 1 && ways[0].children}
          {ways.length > 1 && <Tabs defaultActiveKey={certified ? 'join' : 'enrol'} items={ways} />}
          <ByCommand />
          <p className="enrolment-back">
            <a href="/">{t('back')}</a>
          </p>
        </Card>
      </main>
    </Flex>
  )
}
