import { Button, Checkbox, Flex, Form, Input, Radio, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { makePassword, weakness } from './password'

export interface Chosen {
  password: string
  made: boolean // by this page, so that it is shown
}

interface Given {
  how: 'made' | 'own'
  made: string
  noted: boolean
  own: string
  again: string
}

// PasswordField is the password of the file: made and shown, or chosen and typed twice. It
// gives the form `chosen`.
export function PasswordField() {
  const { t } = useTranslation('enrolment')
  const [given, setGiven] = useState<Given>(() => ({ how: 'made', made: makePassword(), noted: false, own: '', again: '' }))
  const form = Form.useFormInstance()
  const change = (part: Partial<Given>) => {
    const next = { ...given, ...part }
    setGiven(next)
    form.setFieldValue('chosen', { password: next.how === 'made' ? next.made : next.own, made: next.how === 'made' })
    if (form.getFieldError('chosen').length > 0) form.setFields([{ name: 'chosen', errors: [] }])
  }
  const wrong = () => {
    if (given.how === 'made') return given.noted ? undefined : t('password.note')
    const weak = weakness(given.own)
    if (weak) return { characters: t('password.characters'), short: t('password.short'), simple: t('password.simple') }[weak]
    return given.own === given.again ? undefined : t('password.differ')
  }
  const check = () => {
    const found = wrong()
    return found ? Promise.reject(new Error(found)) : Promise.resolve()
  }
  return (
    <Form.Item name="chosen" label={t('password')} extra={t('password.help')} rules={[{ validator: check }]} validateTrigger={[]} trigger="onNothing" initialValue={{ password: given.made, made: true } satisfies Chosen}>
      <div role="group" aria-label={t('password')}>
        <Radio.Group value={given.how} onChange={({ target }) => change({ how: target.value as Given['how'] })} options={[{ value: 'made', label: t('password.made') }, { value: 'own', label: t('password.own') }]} />
        {given.how === 'made' ? (
          <Flex vertical gap={8} align="start" className="enrolment-password">
            <Flex gap={12} align="center" wrap>
              <Typography.Text code copyable={{ text: given.made }} className="enrolment-made">
                {given.made}
              </Typography.Text>
              <Button size="small" onClick={() => change({ made: makePassword(), noted: false })}>
                {t('password.another')}
              </Button>
            </Flex>
            <Checkbox checked={given.noted} onChange={({ target }) => change({ noted: target.checked })}>
              {t('password.noted')}
            </Checkbox>
          </Flex>
        ) : (
          <Flex vertical gap={8} className="enrolment-password">
            <Input.Password aria-label={t('password.first')} placeholder={t('password.first')} autoComplete="new-password" maxLength={128} value={given.own} onChange={({ target }) => change({ own: target.value })} />
            <Input.Password aria-label={t('password.again')} placeholder={t('password.again')} autoComplete="new-password" maxLength={128} value={given.again} onChange={({ target }) => change({ again: target.value })} />
          </Flex>
        )}
      </div>
    </Form.Item>
  )
}
