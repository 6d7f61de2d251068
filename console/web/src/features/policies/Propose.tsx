import { UploadOutlined } from '@ant-design/icons'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Alert, App, Button, DatePicker, Drawer, Form, Input, Select, Upload } from 'antd'
import dayjs, { type Dayjs } from 'dayjs'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { policyPropose } from '@/client/ra'
import { Failure } from '@/components/Failure'
import { octets as size } from '@/lib/format'
import { ask } from '@/lib/http'
import { useUnsaved } from '@/lib/unsaved'
import { base64, mediaOf } from './file'

interface Fields {
  kind: 'practice-statement' | 'certificate-policy'
  edition: string
  title: string
  oid: string
  begins: Dayjs
}

// Propose puts an edition forward; two others consent before it is published.
export function Propose({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation('policies')
  const { message } = App.useApp()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const [form] = Form.useForm<Fields>()
  const [file, setFile] = useState<{ name: string; octets: Uint8Array; media?: string }>()
  const propose = useMutation({
    mutationFn: (fields: Fields) => ask(policyPropose({ body: { ...fields, begins: fields.begins.startOf('day').toISOString(), content: base64(file!.octets) } })),
    onSuccess: (motion) => {
      message.success(t('proposed'))
      void queries.invalidateQueries({ queryKey: ['policies'] })
      void navigate(`/approvals/motion/${motion.id}`)
    },
  })
  const [dirty, setDirty] = useState(false)
  const leave = useUnsaved((dirty || !!file) && !propose.isPending)
  return (
    <Drawer open onClose={() => leave(onClose)} title={t('propose')} size={520} extra={<Button type="primary" disabled={!file?.media} loading={propose.isPending} onClick={() => form.submit()}>{t('propose.do')}</Button>}>
      <Alert type="info" showIcon className="aside" title={t('propose.about')} />
      <Form<Fields> form={form} layout="vertical" onValuesChange={() => setDirty(true)} initialValues={{ kind: 'practice-statement', begins: dayjs().add(1, 'day') }} onFinish={(fields) => file?.media && !propose.isPending && propose.mutate(fields)}>
        <Form.Item name="kind" label={t('kind')}><Select options={['practice-statement', 'certificate-policy'].map((value) => ({ value, label: t(`kind.${value}`) }))} /></Form.Item>
        <Form.Item name="title" label={t('name')} rules={[{ required: true, whitespace: true, message: t('wanted') }]}><Input maxLength={100} /></Form.Item>
        <Form.Item name="edition" label={t('edition')} extra="2.1" rules={[{ required: true, whitespace: true, message: t('wanted') }, { pattern: /^[0-9]{1,4}(\.[0-9]{1,4}){0,3}$/, message: t('edition.form') }]}><Input maxLength={20} /></Form.Item>
        <Form.Item name="oid" label="OID" rules={[{ required: true, pattern: /^[0-2](\.(0|[1-9][0-9]*))+$/, message: t('oid.wrong') }]}><Input maxLength={100} placeholder="1.2.156.112600.1.1" /></Form.Item>
        <Form.Item name="begins" label={t('begins')} rules={[{ required: true }]}><DatePicker /></Form.Item>
        <Form.Item label={t('file')} extra={t('file.help')}>
          <Upload showUploadList={false} accept=".txt,.md,.pdf" beforeUpload={(chosen) => { void chosen.arrayBuffer().then((content) => { const octets = new Uint8Array(content); setFile({ name: chosen.name, octets, media: mediaOf(octets) }) }); return false }}>
            <Button icon={<UploadOutlined />}>{t('file.choose')}</Button>
          </Upload>
        </Form.Item>
      </Form>
      {file && <Alert type={file.media ? 'success' : 'error'} showIcon title={file.media ? `${file.name} · ${size(file.octets.length)}` : t('file.wrong', { name: file.name })} />}
      {propose.isError && <Failure error={propose.error} />}
    </Drawer>
  )
}
