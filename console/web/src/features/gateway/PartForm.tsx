import { Card, Collapse, Flex, Form, Input } from 'antd'
import { useTranslation } from 'react-i18next'
import type { GatewayConfiguration } from '@/client/gateway'
import { at, put, sections, type Section } from './fields'
import { FieldInput } from './FieldInput'
import { namePattern } from './configuration'
import type { Kind, Value } from './parts'

interface Props {
  kind: Kind
  value: Value
  onChange: (value: Value) => void
  configuration: GatewayConfiguration
  fresh: boolean
  disabled: boolean
}

// PartForm asks for what a part says, section by section; what the form does not know it
// leaves as it is.
export function PartForm({ kind, value, onChange, configuration, fresh, disabled }: Props) {
  const { t, i18n } = useTranslation('gateway')
  const body = (section: Section) => (
    <Form layout="vertical" component="div" className="part-form">
      {section.key === 'basic' && (
        <Form.Item label={t('name')} required extra={fresh ? t('name.help') : undefined} validateStatus={fresh && value.name && !namePattern.test(value.name) ? 'error' : undefined}>
          <Input aria-label={t('name')} value={value.name} disabled={!fresh || disabled} maxLength={63} onChange={(event) => onChange({ ...value, name: event.target.value })} />
        </Form.Item>
      )}
      {section.fields
        .filter((field) => !field.only || at(value, field.only.path) === field.only.is)
        .map((field) => {
          const key = `field.${kind}.${field.path}`
          const label = t(key)
          const help = i18n.exists(`gateway:${key}.help`) ? t(`${key}.help`) : undefined
          return (
            <Form.Item key={field.path} label={label} required={field.required} extra={help} className={field.as === 'rows' || field.as === 'pem' ? 'whole' : undefined}>
              <FieldInput field={field} label={label} value={at(value, field.path)} onChange={(next) => onChange(put(value, field.path, next))} configuration={configuration} disabled={disabled} />
            </Form.Item>
          )
        })}
    </Form>
  )
  return (
    <Flex vertical gap={16}>
      {sections[kind].map((section) =>
        section.folded ? (
          <Collapse key={section.key} items={[{ key: section.key, label: t(`section.${kind}.${section.key}`), children: body(section) }]} />
        ) : (
          <Card key={section.key} size="small" title={t(`section.${kind}.${section.key}`)}>
            {body(section)}
          </Card>
        ),
      )}
    </Flex>
  )
}
