import { Alert, Button, Flex, Tabs, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import type { Issued } from './code'

const programs = ['windows', 'firefox', 'macos', 'linux'] as const

// guess is the program this page is looked at with.
function guess(): (typeof programs)[number] {
  const agent = navigator.userAgent
  if (agent.includes('Firefox/')) return 'firefox'
  if (agent.includes('Windows')) return 'windows'
  return agent.includes('Mac OS X') ? 'macos' : 'linux'
}

// Import says how the file gets into a browser, and how one logs in then.
export function Import({ issued }: { issued: Issued }) {
  const { t } = useTranslation('enrolment')
  return (
    <section aria-labelledby="import">
      <Typography.Title level={2} id="import" className="enrolment-heading">
        {t('import')}
      </Typography.Title>
      <Tabs size="small" className="gap-below" defaultActiveKey={guess()} items={programs.map((key) => ({ key, label: t(`import.${key}`), children: <p className="lines">{t(`import.${key}.steps`, { file: issued.fileName })}</p> }))} />
      <Flex vertical gap={16}>
        <Alert type="info" showIcon title={t('then')} description={<p className="lines">{t('then.text', { address: location.origin + '/' })}</p>} />
        <Button type="primary" size="large" href="/" block>
          {t('login')}
        </Button>
      </Flex>
    </section>
  )
}
