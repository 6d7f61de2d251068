import { Alert, Button, Collapse, Flex, Form } from 'antd'
import { useTranslation } from 'react-i18next'
import { CodeField } from './CodeField'
import { NotTaken } from './NotTaken'
import { PasswordField, type Chosen } from './PasswordField'

// Wish is a code and the password of the file; made says that this page made it.
export interface Wish extends Chosen {
  code: string
}

export function EnrolForm({ making, error, onMake }: { making: boolean; error: unknown; onMake: (wish: Wish) => void }) {
  const { t } = useTranslation('enrolment')
  const [form] = Form.useForm<{ code: string; chosen: Chosen }>()
  return (
    <Flex vertical gap={16}>
      <Alert type="info" showIcon title={t('before')} description={<p className="lines">{t('before.text')}</p>} />
      <Form form={form} layout="vertical" autoComplete="off" requiredMark={false} disabled={making} onFinish={({ code, chosen }) => !making && onMake({ code: code.trim(), ...chosen })}>
        <CodeField />
        <PasswordField />
        {error != null && <NotTaken error={error} />}
        <Button type="primary" size="large" htmlType="submit" loading={making} block className={error != null ? 'below' : undefined}>
          {t('make')}
        </Button>
      </Form>
      <Collapse size="small" items={[{ key: 'key', label: t('key'), children: <p className="lines">{t('key.text')}</p> }]} />
    </Flex>
  )
}
