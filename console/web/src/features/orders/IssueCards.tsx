import { Card, Checkbox, Form, Input, InputNumber, Radio, Select } from 'antd'
import { useTranslation } from 'react-i18next'
import type { CaProfileView } from '@/client/ca'
import { PemInput } from '@/components/PemInput'
import { wanted, type Asked } from './asked'

const identityKinds = ['resident', 'military', 'passport', 'credit-code'] as const

// KeyCard asks whose key it is: the holder's own, by a request, or one the centre makes
// where the profile allows it.
export function KeyCard({ profile, fixed }: { profile: CaProfileView; fixed: boolean }) {
  const { t } = useTranslation('orders')
  const key = Form.useWatch('key')
  return (
    <Card size="small" title={t('key')}>
      {profile.server_key && (
        <Form.Item name="key" label={t('key.whose')}>
          <Radio.Group optionType="button" disabled={fixed} options={(['request', 'centre'] as const).map((value) => ({ value, label: t(`key.${value}`) }))} />
        </Form.Item>
      )}
      {profile.server_key && key === 'centre' ? (
        <Form.Item name="suite" label={t('suite')} extra={t('key.centre.about')} rules={[{ required: true, message: t('required') }]}>
          <Select disabled={fixed} options={profile.suites.map((value) => ({ value }))} />
        </Form.Item>
      ) : (
        <Form.Item name="request" label={t('request')} extra={t('request.help')} rules={[{ required: true, message: t('required') }, { pattern: /-----BEGIN [A-Z ]*CERTIFICATE REQUEST-----/, message: t('request.bad') }]}>
          <PemInput kind="CERTIFICATE REQUEST" label={t('request')} />
        </Form.Item>
      )}
    </Card>
  )
}

export function HolderCard() {
  const { t } = useTranslation('orders')
  const who = Form.useWatch<Asked['who']>('who')
  const required = [{ required: true, whitespace: true, message: t('required') }]
  return (
    <Card size="small" title={t('holder')}>
      <Form.Item name="who" label={t('who')}>
        <Radio.Group optionType="button" options={(['holder', 'identity', 'none'] as const).map((value) => ({ value, label: t(`who.${value}`) }))} />
      </Form.Item>
      {who === 'holder' && (
        <Form.Item name="holder" label={t('holder.id')} extra={t('holder.id.help')} rules={required}>
          <Input maxLength={128} />
        </Form.Item>
      )}
      {who === 'identity' && (
        <div className="part-form">
          <Form.Item name="identityKind" label={t('identity.kind')}>
            <Select options={identityKinds.map((value) => ({ value, label: t(`identity.${value}`) }))} />
          </Form.Item>
          <Form.Item name="identityNumber" label={t('identity.number')} extra={t('identity.help')} rules={required}>
            <Input maxLength={40} autoComplete="off" />
          </Form.Item>
        </div>
      )}
    </Card>
  )
}

// NameCard asks for what the profile lets a name say.
export function NameCard({ profile }: { profile: CaProfileView }) {
  const { t } = useTranslation('orders')
  const label = (type: string) => t('named', { name: t(`attribute.${type}`, { defaultValue: type }), of: type })
  return (
    <Card size="small" title={t('subject')}>
      <div className="part-form">
        {wanted(profile).map((rule) => (
          <Form.Item key={rule.type} name={['subject', rule.type]} label={label(rule.type)} rules={rule.required ? [{ required: true, message: t('required') }] : []}>
            {(rule.max ?? 1) > 1 ? <Select mode="tags" open={false} suffixIcon={null} maxCount={rule.max} /> : <Input maxLength={200} />}
          </Form.Item>
        ))}
        {profile.alt_names.kinds?.map((kind) => (
          <Form.Item key={kind} name={['altNames', kind]} label={t(`alt.${kind}`, { defaultValue: kind })}>
            <Select mode="tags" open={false} suffixIcon={null} tokenSeparators={[',', ' ', '，']} />
          </Form.Item>
        ))}
        {profile.private_extensions?.filter((one) => !one.off).map((one) => (
          <Form.Item key={one.name} name={['values', one.name]} label={t(`value.${one.name}`, { defaultValue: one.name })} rules={one.required ? [{ required: true, message: t('required') }] : []}>
            <Input maxLength={200} />
          </Form.Item>
        ))}
      </div>
    </Card>
  )
}

export function MoreCard({ profile }: { profile: CaProfileView }) {
  const { t } = useTranslation('orders')
  return (
    <Card size="small" title={t('more')}>
      <div className="part-form">
        <Form.Item name="days" label={t('days')} extra={t('days.help', { days: profile.validity.days, most: profile.validity.max_days })}>
          <InputNumber min={1} max={profile.validity.max_days} precision={0} className="whole-width" />
        </Form.Item>
        {profile.one_per_holder && (
          <Form.Item name="decision" label={t('decision')} extra={t('decision.help')}>
            <Input maxLength={200} />
          </Form.Item>
        )}
        {profile.pair?.optional && (
          <Form.Item name="single" valuePropName="checked" label={t('pair')}>
            <Checkbox>{t('single')}</Checkbox>
          </Form.Item>
        )}
      </div>
    </Card>
  )
}
