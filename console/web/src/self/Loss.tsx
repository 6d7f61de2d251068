import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Card, Form, Input, Radio, Result, Select } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { selfLoss, selfLossConfirm } from '@/client/self'
import type { RaLossReport, RaTicket } from '@/client/self'
import { Failure } from '@/components/Failure'
import { minute } from '@/lib/format'
import { ask } from '@/lib/http'
import { CodeField } from './CodeField'
import { Page } from './Page'

const documents = ['resident', 'military', 'passport'] as const

// Loss reports a loss in two steps, without a certificate: who it is, and the code.
export function Loss() {
  const { t } = useTranslation('self')
  const [ticket, setTicket] = useState<RaTicket>()
  return (
    <Page title={t('loss')} about={t('loss.about')}>
      {ticket ? <Confirm ticket={ticket} again={() => setTicket(undefined)} /> : <Who onTicket={setTicket} />}
    </Page>
  )
}

function Who({ onTicket }: { onTicket: (ticket: RaTicket) => void }) {
  const { t } = useTranslation('self')
  const [form] = Form.useForm<RaLossReport>()
  const kind = Form.useWatch('kind', form) ?? 'person'
  const report = useMutation({
    mutationFn: (said: RaLossReport) => ask(selfLoss({ body: { ...said, number: said.number.trim(), document_kind: said.kind === 'organisation' ? 'credit-code' : said.document_kind } })),
    onSuccess: onTicket,
  })
  return (
    <Card>
      <Form form={form} layout="vertical" size="large" initialValues={{ kind: 'person', document_kind: 'resident', by: 'phone' }} onFinish={(said) => !report.isPending && report.mutate(said)}>
        <Form.Item name="kind" label={t('loss.kind')}>
          <Radio.Group options={['person', 'organisation'].map((value) => ({ value, label: t(`kind.${value}`) }))} optionType="button" block />
        </Form.Item>
        {kind === 'person' && (
          <Form.Item name="document_kind" label={t('loss.document')}>
            <Select options={documents.map((value) => ({ value, label: t(`document.${value}`) }))} />
          </Form.Item>
        )}
        <Form.Item name="number" label={t(kind === 'person' ? 'loss.number' : 'document.credit-code')} extra={t('loss.number.help')} rules={[{ required: true, whitespace: true, min: 4, message: t('loss.number.required') }]}>
          <Input autoComplete="off" maxLength={40} />
        </Form.Item>
        <Form.Item name="by" label={t('loss.by')}>
          <Radio.Group options={['phone', 'mail'].map((value) => ({ value, label: t(`way.${value}`) }))} optionType="button" block />
        </Form.Item>
        {report.isError && <Failure error={report.error} />}
        <Button type="primary" htmlType="submit" block loading={report.isPending}>
          {t('code.send')}
        </Button>
      </Form>
    </Card>
  )
}

function Confirm({ ticket, again }: { ticket: RaTicket; again: () => void }) {
  const { t } = useTranslation('self')
  const queries = useQueryClient()
  const confirm = useMutation({
    mutationFn: ({ code }: { code: string }) => ask(selfLossConfirm({ body: { ticket: ticket.id, code: code.trim() } })),
    onSuccess: () => queries.invalidateQueries(),
  })
  if (confirm.data) {
    const { applications, pending } = confirm.data
    const count = applications?.length ?? 0
    return (
      <Result
        status={pending > 0 ? 'warning' : 'success'}
        title={t(count + pending > 0 ? 'loss.done' : 'loss.nothing')}
        subTitle={<p className="lines">{t(count + pending > 0 ? 'loss.next' : 'loss.nothing.text')}</p>}
        extra={<Link to="/">{t('back.first')}</Link>}
      >
        {pending > 0 && <Alert type="warning" showIcon title={t('loss.pending', { count: pending })} />}
        {count > 0 && (
          <>
            <p>{t('loss.numbers')}</p>
            <ul className="code">
              {applications?.map((number) => (
                <li key={number}>{number}</li>
              ))}
            </ul>
          </>
        )}
      </Result>
    )
  }
  return (
    <Card>
      <Alert type="info" showIcon title={t('loss.sent')} description={<p className="lines">{t('loss.sent.text', { until: minute(ticket.until).slice(11) })}</p>} className="self-gap" />
      <Form layout="vertical" size="large" onFinish={(said: { code: string }) => !confirm.isPending && confirm.mutate(said)}>
        <CodeField />
        {confirm.isError && <Failure error={confirm.error} />}
        <Button type="primary" danger htmlType="submit" block loading={confirm.isPending}>
          {t('loss.freeze')}
        </Button>
      </Form>
      <Button type="link" block onClick={again}>
        {t('code.again')}
      </Button>
    </Card>
  )
}
