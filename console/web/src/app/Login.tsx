import { KeyOutlined, SafetyCertificateOutlined } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { Alert, Button, Card, Descriptions, Flex, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { Failure } from '@/components/Failure'
import { Visible } from '@/components/Visible'
import { date } from '@/lib/format'
import { useSession } from '@/lib/session'
import { Preferences } from './Preferences'

// Login shows the certificate the browser brought and opens a session with it.
export function Login() {
  const { t } = useTranslation('app')
  return (
    <Flex vertical align="center" justify="center" className="login" gap={24}>
      <Flex gap={8} className="login-preferences">
        <Preferences />
      </Flex>
      <main>
        <Card className="login-card">
          <Typography.Title level={1} className="page-title">
            <SafetyCertificateOutlined /> {t('product')}
          </Typography.Title>
          <LoginForm />
        </Card>
      </main>
    </Flex>
  )
}

// LoginForm is also what stands in the window when a session has ended under way.
export function LoginForm() {
  const { t } = useTranslation('app')
  const { view, logIn } = useSession()
  const enter = useMutation({ mutationFn: logIn })
  const { shown } = view
  if (!shown) {
    return (
      <Flex vertical gap={16}>
        <Alert type="info" showIcon title={t('login.none')} description={<p className="lines">{t('login.none.help')}</p>} />
        {view.kind === 'officers' && <WithCode />}
      </Flex>
    )
  }
  return (
    <Flex vertical gap={16}>
      <Typography.Text type="secondary">{view.title}</Typography.Text>
      <Descriptions
        column={1}
        size="small"
        items={[
          { key: 'subject', label: t('login.certificate'), children: <Visible text={shown.subject} /> },
          { key: 'issuer', label: t('login.issuer'), children: <Visible text={shown.issuer} /> },
          { key: 'end', label: t('login.until'), children: date(shown.not_after) },
        ]}
      />
      {enter.isError && <Failure error={enter.error} />}
      <Button type="primary" size="large" block autoFocus loading={enter.isPending} onClick={() => enter.mutate()}>
        {t('login.enter')}
      </Button>
      <Typography.Text type="secondary">{t('login.other')}</Typography.Text>
      {view.kind === 'officers' && !view.places.some((place) => place.known) && <WithCode />}
    </Flex>
  )
}

// WithCode leads who has a one-time code to where it is used.
function WithCode() {
  const { t } = useTranslation('app')
  return (
    <Button icon={<KeyOutlined />} href="/enrol" block>
      {t('login.code')}
    </Button>
  )
}
