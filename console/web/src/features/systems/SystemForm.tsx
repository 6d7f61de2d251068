import { useMutation, useQueryClient } from '@tanstack/react-query'
import { App, Button, Checkbox, Drawer, Form, Input } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { systemSet } from '@/client/ra'
import type { RaSystem } from '@/client/ra'
import { Failure } from '@/components/Failure'
import { ask } from '@/lib/http'
import { useUnsaved } from '@/lib/unsaved'

const services = ['login', 'signature', 'encryption', 'time-stamp', 'seal', 'vpn']
const kinds = ['person', 'organisation', 'device', 'code']

// SystemForm enters or changes an application; a reviewer approves it anew.
export function SystemForm({ system: now, onClose }: { system?: RaSystem; onClose: () => void }) {
  const { t } = useTranslation('systems')
  const { message } = App.useApp()
  const queries = useQueryClient()
  const [form] = Form.useForm<RaSystem>()
  // As it was when the form was opened: what somebody else changes meanwhile is not to be
  // overwritten unseen.
  const [system] = useState(now)
  const keep = useMutation({
    mutationFn: (fields: RaSystem) => ask(systemSet({ body: { certificates: system?.certificates, ...fields, version: system?.version ?? 0 } })),
    onSuccess: () => {
      message.success(t('saved'))
      void queries.invalidateQueries({ queryKey: ['systems'] })
      onClose()
    },
  })
  const [dirty, setDirty] = useState(false)
  const leave = useUnsaved(dirty && !keep.isPending)
  const text = { required: true, whitespace: true, min: 2, message: t('wanted') }
  return (
    <Drawer open onClose={() => leave(onClose)} title={system ? t('edit.title', { name: system.name }) : t('new')} size={520} extra={<Button type="primary" loading={keep.isPending} onClick={() => form.submit()}>{t('save')}</Button>}>
      <Form<RaSystem> form={form} layout="vertical" onValuesChange={() => setDirty(true)} initialValues={system ?? { services: ['login'], kinds: ['person'] }} onFinish={(fields) => !keep.isPending && keep.mutate(fields)}>
        <Form.Item name="id" label={t('id')} extra={t('id.help')} rules={[{ required: true, pattern: /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/, message: t('id.help') }]}>
          <Input disabled={!!system} maxLength={40} autoComplete="off" />
        </Form.Item>
        <Form.Item name="name" label={t('name')} rules={[text]}><Input maxLength={100} /></Form.Item>
        <Form.Item name="owner" label={t('owner')} rules={[text]}><Input maxLength={100} /></Form.Item>
        <Form.Item name="owner_code" label={t('owner.code')}><Input maxLength={18} /></Form.Item>
        <Form.Item name="contact" label={t('contact')} rules={[text]}><Input maxLength={200} /></Form.Item>
        <Form.Item name="services" label={t('services')} rules={[{ required: true, message: t('wanted') }]}><Checkbox.Group options={services.map((value) => ({ value, label: t(`service.${value}`) }))} /></Form.Item>
        <Form.Item name="kinds" label={t('kinds')} rules={[{ required: true, message: t('wanted') }]}><Checkbox.Group options={kinds.map((value) => ({ value, label: t(`kind.${value}`) }))} /></Form.Item>
        <Form.Item name="reader" label={t('reader')} extra={t('reader.help')}><Input maxLength={24} /></Form.Item>
      </Form>
      {keep.isError && <Failure error={keep.error} />}
    </Drawer>
  )
}
