import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Card, Checkbox, Form, Input, Select, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { selfTicketOpen } from '@/client/self'
import type { HelpdeskInquiry } from '@/client/self'
import { Failure } from '@/components/Failure'
import { ask } from '@/lib/http'
import { useSession } from '@/lib/session'
import { useUnsaved } from '@/lib/unsaved'
import { partOf } from './names'
import { Page } from './Page'

const kinds = ['pin', 'installation', 'certificate', 'use', 'complaint', 'other'] as const

// TicketAsk asks the service desk. Who has no certificate gets a code to go on with.
export function TicketAsk() {
  const { t } = useTranslation('self')
  const { view } = useSession()
  const queries = useQueryClient()
  const [form] = Form.useForm<HelpdeskInquiry>()
  const text = Form.useWatch('text', form)
  const known = view.state === 'open'
  const open = useMutation({
    mutationFn: (said: HelpdeskInquiry) => ask(selfTicketOpen({ body: { ...said, contact: said.contact?.trim() || undefined } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['tickets'] }),
  })
  useUnsaved(!!text && !open.isSuccess)
  if (open.data) {
    const { ticket, code } = open.data
    return (
      <Page title={t('ask.done')} back="/tickets">
        <Alert
          type="success"
          showIcon
          title={t('ask.done.text')}
          description={
            <div className="self-keep">
              <span>{t('tickets.number')}</span>
              <Typography.Text strong copyable className="code">
                {ticket.number}
              </Typography.Text>
              {!known && (
                <>
                  <span>{t('proof')}</span>
                  <Typography.Text strong copyable className="code">
                    {code}
                  </Typography.Text>
                </>
              )}
            </div>
          }
        />
        {!known && <p className="lines">{t('ask.keep')}</p>}
        <Link to={known ? `/tickets/${ticket.number}` : '/tickets'}>{t('ask.follow')}</Link>
      </Page>
    )
  }
  return (
    <Page title={t('ask')} about={t('ask.about')} back="/tickets">
      <Card>
        <Form form={form} layout="vertical" size="large" initialValues={{ kind: 'use', name: known && view.shown ? partOf(view.shown.subject, 'CN') : undefined }} onFinish={(said) => !open.isPending && open.mutate(said)}>
          <Form.Item name="kind" label={t('ask.kind')}>
            <Select options={kinds.map((value) => ({ value, label: t(`question.${value}`) }))} />
          </Form.Item>
          <Form.Item name="subject" label={t('ask.subject')} rules={[{ required: true, whitespace: true, message: t('ask.subject.required') }]}>
            <Input maxLength={200} />
          </Form.Item>
          <Form.Item name="text" label={t('ask.text')} rules={[{ required: true, whitespace: true, message: t('ask.text.required') }]}>
            <Input.TextArea rows={5} maxLength={4000} showCount />
          </Form.Item>
          <Form.Item name="name" label={t('ask.name')} rules={[{ required: true, whitespace: true, message: t('ask.name.required') }]}>
            <Input autoComplete="name" maxLength={100} />
          </Form.Item>
          <Form.Item name="contact" label={t('ask.contact')} extra={t('ask.contact.help')} rules={[{ type: 'email', message: t('ask.contact.wrong') }]}>
            <Input autoComplete="email" inputMode="email" maxLength={254} />
          </Form.Item>
          <Form.Item name="urgent" valuePropName="checked">
            <Checkbox>{t('ask.urgent')}</Checkbox>
          </Form.Item>
          {open.isError && <Failure error={open.error} />}
          <Button type="primary" htmlType="submit" block loading={open.isPending}>
            {t('ask.send')}
          </Button>
        </Form>
      </Card>
    </Page>
  )
}
