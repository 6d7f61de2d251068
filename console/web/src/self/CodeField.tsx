import { Form, Input } from 'antd'
import { useTranslation } from 'react-i18next'

// CodeField takes a code that was sent: the keyboard of numbers, and telephones offer
// what came by short message.
export function CodeField() {
  const { t } = useTranslation('self')
  return (
    <Form.Item name="code" label={t('code')} rules={[{ required: true, whitespace: true, message: t('code.required') }]}>
      <Input size="large" inputMode="numeric" autoComplete="one-time-code" maxLength={20} className="code" autoFocus />
    </Form.Item>
  )
}
