import { useMutation } from '@tanstack/react-query'
import { Alert, Button, Card, Form, Input, Radio, Result } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { selfContact, selfContactConfirm } from '@/client/self'
import type { RaContactChange, RaTicket } from '@/client/self'
import { Failure } from '@/components/Failure'
import { Visible } from '@/components/Visible'
import { minute } from '@/lib/format'
import { ask } from '@/lib/http'
import { useUnsaved } from '@/lib/unsaved'
import { CodeField } from './CodeField'
import { Page } from './Page'

const fields = ['phone', 'mail', 'address'] as const
const modes = { phone: 'tel', mail: 'email', address: 'text' } as const

// Contact changes where a holder is reached: the new value, and the code that proves it.
export function Contact() {
  const { t } = useTranslation('self')
  const [change, setChange] = useState<RaContactChange & { ticket: RaTicket }>()
  return (
    <Page title={t('contact')} about={t('contact.about')}>
      {change ? <Confirm change={change} again={() => setChange(undefined)} /> : <Change onTicket={setChange} />}
    </Page>
  )
}

function Change({ onTicket }: { onTicket: (change: RaContactChange & { ticket: RaTicket }) => void }) {
  const { t } = useTranslation('self')
  const [form] = Form.useForm<RaContactChange>()
  const field = Form.useWatch('field', form) ?? 'phone'
  const value = Form.useWatch('value', form)
  const send = useMutation({
    mutationFn: (said: RaContactChange) => ask(selfContact({ body: said })),
    onSuccess: (ticket, said) => onTicket({ ...said, ticket }),
  })
  useUnsaved(!!value && !send.isSuccess)
  return (
    <Card>
      <Form form={form} layout="vertical" size="large" initialValues={{ field: 'phone' }} onFinish={(said) => !send.isPending && send.mutate({ ...said, value: said.value.trim() })}>
        <Form.Item name="field" label={t('contact.field')}>
          <Radio.Group options={fields.map((name) => ({ value: name, label: t(`field.${name}`) }))} optionType="button" block />
        </Form.Item>
        <Form.Item name="value" label={t(`contact.new.${field}`)} extra={t(field === 'address' ? 'contact.to.known' : 'contact.to.new')} rules={[{ required: true, whitespace: true, message: t('contact.required') }]}>
          <Input inputMode={modes[field]} autoComplete="off" maxLength={200} />
        </Form.Item>
        {send.isError && <Failure error={send.error} />}
        <Button type="primary" htmlType="submit" block loading={send.isPending}>
          {t('code.send')}
        </Button>
      </Form>
    </Card>
  )
}

function Confirm({ change, again }: { change: RaContactChange & { ticket: RaTicket }; again: () => void }) {
  const { t } = useTranslation('self')
  const confirm = useMutation({ mutationFn: ({ code }: { code: string }) => ask(selfContactConfirm({ body: { ticket: change.ticket.id, code: code.trim() } })) })
  if (confirm.isSuccess) return <Result status="success" title={t('contact.done')} subTitle={t('contact.done.text')} extra={<Link to="/">{t('back.first')}</Link>} />
  return (
    <Card>
      <Alert
        type="info"
        showIcon
        className="self-gap"
        title={t('contact.sent', { until: minute(change.ticket.until).slice(11) })}
        description={
          <>
            {t(`contact.new.${change.field}`)}: <Visible text={change.value} />
          </>
        }
      />
      <Form layout="vertical" size="large" onFinish={(said: { code: string }) => !confirm.isPending && confirm.mutate(said)}>
        <CodeField />
        {confirm.isError && <Failure error={confirm.error} />}
        <Button type="primary" htmlType="submit" block loading={confirm.isPending}>
          {t('contact.confirm')}
        </Button>
      </Form>
      <Button type="link" block onClick={again}>
        {t('contact.back')}
      </Button>
    </Card>
  )
}
