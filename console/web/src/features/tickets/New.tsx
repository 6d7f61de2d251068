import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Card, Form, Input, Result, Select, Space, Switch, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { ticketEnter } from '@/client/ra'
import type { HelpdeskQuestion } from '@/client/ra'
import { Failure } from '@/components/Failure'
import { PageHead } from '@/components/PageHead'
import { ask } from '@/lib/http'
import { useUnsaved } from '@/lib/unsaved'
import { kinds } from './kinds'

// New enters a ticket for somebody who called, wrote or came. The code is shown once, to
// be told to the person.
export default function New() {
  const { t } = useTranslation('tickets')
  const [form] = Form.useForm<HelpdeskQuestion>()
  const queries = useQueryClient()
  const [dirty, setDirty] = useState(false)
  const enter = useMutation({ mutationFn: (body: HelpdeskQuestion) => ask(ticketEnter({ body })), onSuccess: () => { setDirty(false); return queries.invalidateQueries({ queryKey: ['tickets'] }) } })
  useUnsaved(dirty)
  if (enter.data) {
    const { ticket, code } = enter.data
    return (
      <Card className="form-card">
        <Result
          status="success"
          title={t('entered', { number: ticket.number })}
          subTitle={t('entered.about')}
          extra={[
            <Typography.Paragraph key="code" copyable={{ text: code }} className="code big-code">{code}</Typography.Paragraph>,
            <Space key="next">
              <Link to={`/tickets/${ticket.number}`}><Button type="primary">{t('entered.open')}</Button></Link>
              <Button onClick={() => { form.resetFields(); enter.reset() }}>{t('entered.next')}</Button>
            </Space>,
          ]}
        />
      </Card>
    )
  }
  const required = [{ required: true, whitespace: true, message: t('required') }]
  return (
    <>
      <PageHead title={t('new')} about={t('new.about')} />
      <Card className="form-card">
        <Form form={form} layout="vertical" initialValues={{ urgent: false }} onValuesChange={() => setDirty(true)} onFinish={(values) => !enter.isPending && enter.mutate({ ...values, holder: values.holder || undefined, contact: values.contact || undefined })}>
          <div className="form-columns">
            <Form.Item name="kind" label={t('kind')} rules={required}>
              <Select autoFocus options={kinds.map((value) => ({ value, label: t(`kind.${value}`) }))} />
            </Form.Item>
            <Form.Item name="urgent" label={t('urgent')} extra={t('urgent.about')} valuePropName="checked"><Switch /></Form.Item>
            <Form.Item name="name" label={t('name')} rules={required}><Input maxLength={100} autoComplete="off" /></Form.Item>
            <Form.Item name="contact" label={t('contact')} extra={t('contact.about')} rules={[{ type: 'email', message: t('contact.wrong') }]}><Input maxLength={254} autoComplete="off" /></Form.Item>
            <Form.Item name="holder" label={t('holder')} extra={t('holder.about')}><Input maxLength={64} autoComplete="off" /></Form.Item>
          </div>
          <Form.Item name="subject" label={t('subject')} rules={required}><Input maxLength={200} showCount /></Form.Item>
          <Form.Item name="text" label={t('text')} rules={required}><Input.TextArea rows={6} maxLength={4000} showCount /></Form.Item>
          {enter.isError && <div className="act-about"><Failure error={enter.error} /></div>}
          <Button type="primary" htmlType="submit" loading={enter.isPending}>{t('enter')}</Button>
        </Form>
      </Card>
    </>
  )
}
