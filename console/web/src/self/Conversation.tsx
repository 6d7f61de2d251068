import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Card, Flex, Form, Input, Rate } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { selfTicketRate, selfTicketReply } from '@/client/self'
import type { HelpdeskTicket, HelpdeskTurn, HelpdeskWhich } from '@/client/self'
import { Failure } from '@/components/Failure'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { minute } from '@/lib/format'
import { ask } from '@/lib/http'
import { useUnsaved } from '@/lib/unsaved'

// Conversation is a question with its answers, and what its person may add.
export function Conversation({ first, proof }: { first: HelpdeskTicket; proof: HelpdeskWhich }) {
  const { t } = useTranslation('self')
  const queries = useQueryClient()
  const [later, setLater] = useState<HelpdeskTicket>()
  const ticket = later && later.version > first.version ? later : first
  const changed = (now: HelpdeskTicket) => {
    setLater(now)
    void queries.invalidateQueries({ queryKey: ['tickets'] })
  }
  return (
    <div className="self-stack">
      <Flex gap={8} align="center" wrap>
        <StateTag of="ticket" state={ticket.state} />
        <strong>
          <Visible text={ticket.subject} />
        </strong>
      </Flex>
      <p className="quiet">{t(`ticket.${ticket.state}`, { due: minute(ticket.due), defaultValue: '' })}</p>
      {ticket.turns?.filter((turn) => turn.text).map((turn) => <Turn key={turn.number} turn={turn} />)}
      {ticket.legal?.includes('reply') && <Reply proof={proof} onDone={changed} />}
      {ticket.legal?.includes('rate') && <Judge proof={proof} onDone={changed} />}
      {ticket.rating ? (
        <p>
          {t('rate.given')} <Rate disabled value={ticket.rating} aria-label={String(ticket.rating)} />
        </p>
      ) : null}
    </div>
  )
}

function Turn({ turn }: { turn: HelpdeskTurn }) {
  const { t } = useTranslation('self')
  const own = turn.by === 'person'
  return (
    <div className={own ? 'self-turn self-turn-own' : 'self-turn'}>
      <div className="quiet">
        {t(own ? 'turn.you' : 'turn.desk')} · {minute(turn.at)}
      </div>
      <p className="lines">
        <Visible text={turn.text} />
      </p>
    </div>
  )
}

interface Part {
  proof: HelpdeskWhich
  onDone: (ticket: HelpdeskTicket) => void
}

function Reply({ proof, onDone }: Part) {
  const { t } = useTranslation('self')
  const [form] = Form.useForm<{ text: string }>()
  const text = Form.useWatch('text', form)
  useUnsaved(!!text)
  const reply = useMutation({
    mutationFn: ({ text }: { text: string }) => ask(selfTicketReply({ body: { ...proof, text: text.trim() } })),
    onSuccess: (ticket) => {
      form.resetFields()
      onDone(ticket)
    },
  })
  return (
    <Form form={form} layout="vertical" onFinish={(said) => !reply.isPending && reply.mutate(said)}>
      <Form.Item name="text" label={t('reply')} rules={[{ required: true, whitespace: true, message: t('ask.text.required') }]}>
        <Input.TextArea rows={3} maxLength={4000} />
      </Form.Item>
      {reply.isError && <Failure error={reply.error} />}
      <Button htmlType="submit" size="large" block loading={reply.isPending}>
        {t('reply.send')}
      </Button>
    </Form>
  )
}

function Judge({ proof, onDone }: Part) {
  const { t } = useTranslation('self')
  const judge = useMutation({ mutationFn: ({ rating, text }: { rating: number; text?: string }) => ask(selfTicketRate({ body: { ...proof, rating, text: text?.trim() } })), onSuccess: onDone })
  return (
    <Card size="small" title={t('rate')}>
      <Form layout="vertical" onFinish={(said: { rating: number; text?: string }) => !judge.isPending && judge.mutate(said)}>
        <Form.Item name="rating" label={t('rate.stars')} rules={[{ validator: (_, stars?: number) => (stars ? Promise.resolve() : Promise.reject(new Error(t('rate.required')))) }]}>
          <Rate className="self-rate" />
        </Form.Item>
        <Form.Item name="text" label={t('rate.text')}>
          <Input.TextArea rows={2} maxLength={4000} />
        </Form.Item>
        {judge.isError && <Failure error={judge.error} />}
        <Button htmlType="submit" size="large" block loading={judge.isPending}>
          {t('rate.send')}
        </Button>
      </Form>
    </Card>
  )
}
