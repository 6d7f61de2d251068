import { CheckCircleOutlined } from '@ant-design/icons'
import { Form, Input, Select, Tooltip } from 'antd'
import { useTranslation } from 'react-i18next'
import type { RaField } from '@/client/ra'
import { creditCode, residentNumber, type Verdict } from '@/lib/digits'

const phone = /^\+?[0-9][0-9 -]{5,19}$/
const host = /^(\*\.)?([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/
const documents = ['resident', 'military', 'passport'] as const

// judge is what a number says about itself; undefined where it has no check character.
function judge(field: RaField, value: string, identityKind: string): Verdict | undefined {
  if (!value) return undefined
  if (field.form === 'credit-code') return creditCode(value)
  if (field.form === 'identity' && (field.name !== 'identity' || identityKind === 'resident')) return residentNumber(value)
  return undefined
}

// FieldItem asks for one field as its form wants it, and says while a number is typed
// whether it can be right. masked is what stands there already and is not shown.
export function FieldItem({ field, required, masked }: { field: RaField; required: boolean; masked?: string }) {
  const { t, i18n } = useTranslation('applications')
  const form = Form.useFormInstance()
  const value = (Form.useWatch(['fields', field.name], form) as string | undefined) ?? ''
  const identityKind = (Form.useWatch(['fields', 'identity_kind'], form) as string | undefined) ?? 'resident'
  const verdict = judge(field, value, identityKind)
  const label = i18n.language === 'zh-CN' ? field.zh : field.en.charAt(0).toUpperCase() + field.en.slice(1)
  const told = verdict && (verdict.state === 'right' ? (
    <span className="right-number">
      <CheckCircleOutlined /> {t('number.right')}
      {verdict.born && ` · ${t('number.born', { date: verdict.born })}`}
    </span>
  ) : t(`number.${verdict.state}`, { count: verdict.state === 'short' ? verdict.missing : 0 }))
  const status = verdict && ({ right: 'success', short: undefined, long: 'error', wrong: 'error', characters: 'error', date: 'error' } as const)[verdict.state]
  const check = (text: string | undefined) => {
    const typed = text?.trim() ?? ''
    const found = judge(field, typed, identityKind)
    if (found && found.state !== 'right') return t(`number.${found.state}`, { count: found.state === 'short' ? found.missing : 0 })
    if (typed && field.form === 'phone' && !phone.test(typed)) return t('phone.wrong')
    if (typed && field.form === 'host' && !host.test(typed)) return t('host.wrong')
    return undefined
  }
  return (
    <Form.Item
      name={['fields', field.name]}
      label={
        <>
          {label}
          <Tooltip title={field.attribute ? t('attribute', { attribute: field.attribute }) : t(`purpose.${field.purpose}`)}>
            <span className="quiet attribute">{field.attribute ?? t(`purpose.${field.purpose}.short`)}</span>
          </Tooltip>
        </>
      }
      validateStatus={status}
      help={told}
      validateFirst
      validateTrigger="onBlur"
      rules={[
        { required: required && !masked, whitespace: true, message: t('field.missing', { field: label }) },
        ...(field.form === 'mail' ? [{ type: 'email' as const, message: t('mail.wrong') }] : []),
        { validator: (_, text: string | undefined) => { const wrong = check(text); return wrong ? Promise.reject(new Error(wrong)) : Promise.resolve() } },
      ]}
    >
      {field.form === 'identity-kind' ? (
        <Select options={documents.map((kind) => ({ value: kind, label: t(`document.${kind}`) }))} />
      ) : (
        <Input maxLength={200} placeholder={masked && t('masked', { masked })} autoComplete="off" inputMode={field.form === 'phone' ? 'tel' : undefined} className={field.form === 'identity' || field.form === 'credit-code' ? 'code' : undefined} />
      )}
    </Form.Item>
  )
}
