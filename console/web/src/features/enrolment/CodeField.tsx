import { Form, Input } from 'antd'
import { useTranslation } from 'react-i18next'
import { readable } from './code'

// CodeField takes a one-time code; nothing of it is remembered by the browser.
export function CodeField() {
  const { t } = useTranslation('enrolment')
  const check = (_: unknown, code?: string) => (code && readable(code) ? Promise.resolve() : Promise.reject(new Error(t('code.wrong'))))
  return (
    <Form.Item name="code" label={t('code')} extra={t('code.help')} rules={[{ validator: check }]} validateTrigger="onBlur">
      <Input size="large" className="code" autoComplete="off" autoCapitalize="characters" spellCheck={false} maxLength={80} placeholder="XXXX-XXXX-XXXX-XXXX-XXXX-XXXX-XXXX-XXXX" />
    </Form.Item>
  )
}
