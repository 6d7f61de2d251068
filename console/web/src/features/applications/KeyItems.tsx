import { InboxOutlined } from '@ant-design/icons'
import { Alert, Form, Input, Radio, Select, Upload } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { base64, centreMakes, isRequest, suites, type Values } from './entry'

// KeyItems ask whose key it is: the holder's own, whose request is dropped or pasted, or
// one made at the centre, where the profile allows it.
export function KeyItems({ kind, there }: { kind: string; there: boolean }) {
  const { t } = useTranslation('applications')
  const form = Form.useFormInstance<Values>()
  const from = Form.useWatch('key_from', form) ?? 'request'
  return (
    <>
      <Form.Item name="key_from" label={t('key.from')} extra={from === 'server' ? t('key.server.help') : t('key.request.help')}>
        <Radio.Group optionType="button" options={[{ value: 'request', label: t('key.request') }, ...(centreMakes(kind) ? [{ value: 'server', label: t('key.server') }] : [])]} />
      </Form.Item>
      {from === 'server' ? (
        <Form.Item name="suite" label={t('key.suite')} initialValue="sm2">
          <Select options={suites.map((suite) => ({ value: suite, label: t(`suite.${suite}`) }))} />
        </Form.Item>
      ) : (
        <Form.Item name="request" label={t('request')}>
          <RequestField there={there} />
        </Form.Item>
      )}
    </>
  )
}

// RequestField takes a PKCS#10 as a file or as text, and keeps it in base64.
function RequestField({ value, onChange, there }: { value?: string; onChange?: (value: string | undefined) => void; there: boolean }) {
  const { t } = useTranslation('applications')
  const [wrong, setWrong] = useState<'private' | 'other' | undefined>()
  const [text, setText] = useState('')
  const [name, setName] = useState('')
  const take = (octets: Uint8Array, from: string) => {
    const sort = octets.length === 0 ? undefined : isRequest(octets)
    setWrong(sort === 'request' ? undefined : sort)
    setName(sort === 'request' ? from : '')
    onChange?.(sort === 'request' ? base64(octets) : undefined)
  }
  const shown = value ? text : wrong ? text : ''
  return (
    <div>
      <Upload.Dragger
        accept=".csr,.pem,.p10,.req,.der"
        showUploadList={false}
        beforeUpload={(file) => {
          void file.arrayBuffer().then((buffer) => {
            setText('')
            take(new Uint8Array(buffer), file.name)
          })
          return false
        }}
      >
        <p className="drop">
          <InboxOutlined /> {value && name ? t('request.taken', { name }) : there && !value ? t('request.there') : t('request.drop')}
        </p>
      </Upload.Dragger>
      <Input.TextArea
        aria-label={t('request.paste')}
        placeholder={t('request.paste')}
        className="code pasted"
        rows={2}
        value={shown}
        maxLength={60_000}
        onChange={(event) => {
          setText(event.target.value)
          take(new TextEncoder().encode(event.target.value.trim()), t('request.pasted'))
        }}
      />
      {wrong && <Alert type="error" showIcon title={t(`request.${wrong}`)} />}
    </div>
  )
}
