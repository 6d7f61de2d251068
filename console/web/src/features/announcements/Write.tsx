import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Alert, App, Button, DatePicker, Drawer, Form, Input, Space } from 'antd'
import dayjs, { type Dayjs } from 'dayjs'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { announce } from '@/client/ra'
import { Failure } from '@/components/Failure'
import { ask } from '@/lib/http'
import { useUnsaved } from '@/lib/unsaved'

interface Fields {
  title_zh: string
  title_en: string
  text_zh: string
  text_en: string
  begins: Dayjs
  ends?: Dayjs
}

// Write puts an announcement forward in both languages; others consent before anybody
// sees it.
export function Write({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation('announcements')
  const { message } = App.useApp()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const [form] = Form.useForm<Fields>()
  const [dirty, setDirty] = useState(false)
  const leave = useUnsaved(dirty)
  const send = useMutation({
    mutationFn: (fields: Fields) => ask(announce({ body: { ...fields, begins: fields.begins.toISOString(), ends: fields.ends?.toISOString() } })),
    onMutate: () => setDirty(false),
    onError: () => setDirty(true),
    onSuccess: (motion) => {
      message.success(t('sent'))
      void queries.invalidateQueries({ queryKey: ['announcements'] })
      void navigate(`/approvals/motion/${motion.id}`)
    },
  })
  const title = { required: true, min: 2, whitespace: true, message: t('wanted') }
  return (
    <Drawer open onClose={() => leave(onClose)} title={t('write')} size={640} extra={<Button type="primary" loading={send.isPending} onClick={() => form.submit()}>{t('send')}</Button>}>
      <Alert type="info" showIcon className="aside" title={t('write.about')} />
      <Form<Fields> form={form} layout="vertical" initialValues={{ begins: dayjs() }} onValuesChange={() => setDirty(true)} onFinish={(fields) => !send.isPending && send.mutate(fields)}>
        <Form.Item name="title_zh" label={t('title.zh')} rules={[title]}><Input maxLength={100} lang="zh-CN" /></Form.Item>
        <Form.Item name="text_zh" label={t('text.zh')} extra={t('text.help')} rules={[title]}><Input.TextArea rows={6} maxLength={10_000} showCount lang="zh-CN" /></Form.Item>
        <Form.Item name="title_en" label={t('title.en')} rules={[title]}><Input maxLength={100} lang="en" /></Form.Item>
        <Form.Item name="text_en" label={t('text.en')} rules={[title]}><Input.TextArea rows={6} maxLength={10_000} showCount lang="en" /></Form.Item>
        <Space wrap size={24} align="start">
          <Form.Item name="begins" label={t('begins')} rules={[{ required: true }]}><DatePicker showTime={{ format: 'HH:mm' }} format="YYYY-MM-DD HH:mm" /></Form.Item>
          <Form.Item name="ends" label={t('ends')} extra={t('ends.none')}><DatePicker showTime={{ format: 'HH:mm' }} format="YYYY-MM-DD HH:mm" minDate={dayjs()} /></Form.Item>
        </Space>
      </Form>
      {send.isError && <Failure error={send.error} />}
    </Drawer>
  )
}
