import { useMutation } from '@tanstack/react-query'
import { Alert, Button, Flex, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { Failure } from '@/components/Failure'
import { Visible } from '@/components/Visible'
import { date } from '@/lib/format'
import { useSession } from '@/lib/session'
import { partOf } from './names'

// The reasons for which a certificate opens nothing, as the API gives them.
const reasons = ['self.expired', 'self.held', 'self.revoked', 'self.unknown']

// LogIn shows the certificate the browser brought, says what is wrong with it where it
// is not good, and logs in with it.
export function LogIn() {
  const { t } = useTranslation('self')
  const { view, logIn } = useSession()
  const enter = useMutation({ mutationFn: logIn })
  const { shown } = view
  if (!shown) return <Alert type="info" showIcon title={t('login.none')} description={<p className="lines">{t('login.none.help')}</p>} />
  const place = view.places[0]
  const name = partOf(shown.subject, 'CN') ?? shown.subject
  const reason = reasons.find((code) => code === place?.code) ?? 'self.unknown'
  return (
    <Flex vertical gap={16}>
      <div className="self-shown">
        <Typography.Text strong>
          <Visible text={name} />
        </Typography.Text>
        <span className="quiet">
          <Visible text={partOf(shown.subject, 'O')} empty="" />
        </span>
        <span className="quiet">
          {t('app:login.until')} {date(shown.not_after)}
        </span>
      </div>
      {place && !place.known ? (
        <Alert type="warning" showIcon role="alert" title={t(`why.${reason}`, { date: date(shown.not_after) })} description={<p className="lines">{t(`why.${reason}.help`)}</p>} />
      ) : (
        <>
          {enter.isError && <Failure error={enter.error} />}
          <Button type="primary" size="large" block loading={enter.isPending} onClick={() => enter.mutate()}>
            {t('app:login.enter')}
          </Button>
        </>
      )}
      <Typography.Text type="secondary">{t('app:login.other')}</Typography.Text>
    </Flex>
  )
}
