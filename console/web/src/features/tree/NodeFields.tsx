import { MinusCircleOutlined, PlusOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Checkbox, Form, Input, InputNumber, Select, Space } from 'antd'
import { useTranslation } from 'react-i18next'
import { profiles } from '@/client/ca'
import { DigestField } from '@/components/DigestField'
import { ask } from '@/lib/http'
import { useSession } from '@/lib/session'
import { operations, type Effective } from './effect'

// NodeFields are a node's own data; level and id are for good.
export function NodeFields() {
  const { t } = useTranslation('tree')
  return (
    <>
      <Form.Item name="name" label={t('name')} rules={[{ required: true, min: 2, max: 100, message: t('name.wrong') }]}>
        <Input maxLength={100} />
      </Form.Item>
      <Form.Item name="region" label={t('region')} extra={t('region.help')} rules={[{ pattern: /^([0-9]{6})?$/, message: t('region.wrong') }]}>
        <Input maxLength={6} inputMode="numeric" />
      </Form.Item>
      <Form.Item name="contact" label={t('contact')}>
        <Input maxLength={200} />
      </Form.Item>
      <Form.Item name="site" label={t('site')} extra={t('site.help')}>
        <Input maxLength={64} className="code" />
      </Form.Item>
      <Form.Item name="agreement" label={t('agreement')} extra={t('agreement.help')} rules={[{ pattern: /^([0-9a-f]{64})?$/, message: t('agreement.wrong') }]}>
        <DigestField label={t('agreement.choose')} />
      </Form.Item>
    </>
  )
}

// RightsFields offer what the level above has, and nothing else.
export function RightsFields({ above }: { above: Effective }) {
  const { t } = useTranslation('tree')
  const { view } = useSession()
  const atCA = view.places.some((place) => place.name === 'ca' && place.known)
  const known = useQuery({ queryKey: ['profiles'], queryFn: () => ask(profiles()), enabled: atCA })
  const names = above.profiles ?? known.data?.map((profile) => profile.name) ?? []
  return (
    <>
      <Form.Item name={['rights', 'operations']} label={t('operations')} extra={t('operations.help')}>
        <Checkbox.Group options={operations.map((value) => ({ value, label: t(`operation.${value}`), disabled: !above.operations.includes(value) }))} />
      </Form.Item>
      <Form.Item name={['rights', 'profiles']} label={t('profiles')} extra={t('profiles.help')}>
        <Select mode={names.length ? 'multiple' : 'tags'} allowClear options={names.map((value) => ({ value, label: value }))} />
      </Form.Item>
      <Space size={24} wrap>
        <Form.Item name={['rights', 'quota']} label={t('quota')} extra={t('quota.help')}>
          <InputNumber min={0} max={above.quota} />
        </Form.Item>
        <Form.Item name={['rights', 'grace']} label={t('grace')} extra={t('grace.help', { most: above.grace })}>
          <InputNumber min={0} max={above.grace} />
        </Form.Item>
      </Space>
      <Form.Item label={t('subject')} extra={t('subject.help')}>
        <Form.List name={['rights', 'subject']}>
          {(fields, { add, remove }) => (
            <Space orientation="vertical">
              {fields.map((field) => (
                <Space key={field.key} align="baseline">
                  <Form.Item name={[field.name, 'type']} noStyle rules={[{ required: true }]}>
                    <Select aria-label={t('subject.type')} className="filter-short" options={['C', 'ST', 'L', 'O', 'OU'].map((value) => ({ value, label: t(`subject.${value}`) }))} />
                  </Form.Item>
                  <Form.Item name={[field.name, 'value']} noStyle rules={[{ required: true, whitespace: true }]}>
                    <Input aria-label={t('subject.value')} maxLength={100} />
                  </Form.Item>
                  <Button type="text" icon={<MinusCircleOutlined />} aria-label={t('subject.remove')} onClick={() => remove(field.name)} />
                </Space>
              ))}
              <Button icon={<PlusOutlined />} onClick={() => add({ type: 'O' })}>{t('subject.add')}</Button>
            </Space>
          )}
        </Form.List>
      </Form.Item>
    </>
  )
}
