import { DeleteOutlined, PlusOutlined, UploadOutlined } from '@ant-design/icons'
import { Button, ColorPicker, Flex, Input, InputNumber, Select, Space, Switch, Upload } from 'antd'
import { useTranslation } from 'react-i18next'
import type { GatewayConfiguration } from '@/client/gateway'
import { at, put, type Field } from './fields'
import { parts } from './parts'

interface Props {
  field: Field
  label: string
  value: unknown
  onChange: (value: unknown) => void
  configuration: GatewayConfiguration
  disabled?: boolean
}

async function base64(file: Blob): Promise<string> {
  const octets = new Uint8Array(await file.arrayBuffer())
  return btoa(Array.from(octets, (octet) => String.fromCharCode(octet)).join(''))
}

// FieldInput is one field of a part's form.
export function FieldInput({ field, label, value, onChange, configuration, disabled }: Props) {
  const { t, i18n } = useTranslation('gateway')
  const named = (option: string) => {
    const key = `gateway:option.${field.path.split('.').at(-1)}.${option}`
    return i18n.exists(key) ? t(key) : option
  }
  const options = field.from ? parts[field.from].of(configuration).map(({ name, title }) => ({ value: name, label: title ? t('named', { name, title: String(title) }) : name })) : field.options?.map((option) => ({ value: option, label: named(option) }))
  const common = { 'aria-label': label, disabled }
  switch (field.as) {
    case 'text':
      return <Input {...common} value={(value as string) ?? ''} placeholder={field.empty} onChange={(event) => onChange(event.target.value)} />
    case 'long':
    case 'pem':
      return <Input.TextArea {...common} className={field.as === 'pem' ? 'code' : undefined} rows={4} value={(value as string) ?? ''} placeholder={field.as === 'pem' ? '-----BEGIN CERTIFICATE-----' : field.empty} onChange={(event) => onChange(event.target.value)} />
    case 'number':
      return <InputNumber {...common} min={0} value={value as number | undefined} placeholder={field.empty} onChange={(next) => onChange(next ?? undefined)} />
    case 'switch':
      return <Switch {...common} checked={value === true} onChange={onChange} />
    case 'choice':
      return <Select {...common} allowClear={!field.required} value={value as string | undefined} placeholder={field.empty && named(field.empty)} options={options} onChange={(next) => onChange(next)} popupMatchSelectWidth={false} />
    case 'choices':
      return <Select {...common} mode="multiple" value={(value as string[]) ?? []} placeholder={field.empty} options={options} onChange={onChange} />
    case 'words':
      return <Select {...common} mode="tags" open={false} suffixIcon={null} tokenSeparators={[',', ' ', '，']} value={(value as string[]) ?? []} placeholder={field.empty} onChange={onChange} />
    case 'colour':
      return <ColorPicker disabled={disabled} disabledAlpha showText value={(value as string) || '#0958d9'} onChangeComplete={(colour) => onChange(colour.toHexString())} />
    case 'image':
      return (
        <Space>
          <Upload showUploadList={false} accept=".png,.svg" disabled={disabled} beforeUpload={(file) => void base64(file).then(onChange)}>
            <Button disabled={disabled} icon={<UploadOutlined />}>{t('upload')}</Button>
          </Upload>
          {!!value && <Button disabled={disabled} icon={<DeleteOutlined />} aria-label={t('remove')} onClick={() => onChange('')} />}
        </Space>
      )
    case 'rows':
      return <Rows field={field} label={label} value={value} onChange={onChange} configuration={configuration} disabled={disabled} />
  }
}

// Rows are several of a kind, such as back ends, each in a line.
function Rows({ field, value, onChange, configuration, disabled }: Props) {
  const { t } = useTranslation('gateway')
  const rows = (value as object[] | undefined) ?? []
  const fields = field.fields ?? []
  const label = (one: Field) => t(`field.${field.path}.${one.path}`)
  const change = (at: number, row: object) => onChange(rows.map((old, n) => (n === at ? row : old)))
  return (
    <Flex vertical gap={8}>
      {rows.map((row, n) => (
        <Flex key={n} gap={8} align="end" wrap className="part-row">
          {fields.map((one) => (
            <label key={one.path} className={one.as === 'text' || one.as === 'words' ? 'part-cell wide' : 'part-cell'}>
              <span className="quiet">{label(one)}</span>
              <FieldInput field={one} label={`${label(one)} ${n + 1}`} value={at(row, one.path)} onChange={(next) => change(n, put(row, one.path, next))} configuration={configuration} disabled={disabled} />
            </label>
          ))}
          <Button disabled={disabled} icon={<DeleteOutlined />} aria-label={t('row.remove', { n: n + 1 })} onClick={() => onChange(rows.filter((_, at) => at !== n))} />
        </Flex>
      ))}
      <div>
        <Button disabled={disabled} type="dashed" icon={<PlusOutlined />} onClick={() => onChange([...rows, Object.fromEntries(fields.flatMap((one) => (one.required && one.options ? [[one.path, one.options[0]]] : [])))])}>
          {t('row.add')}
        </Button>
      </div>
    </Flex>
  )
}
