import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Alert, App, Button, Card, Flex, Input, Segmented } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ticketStep } from '@/client/ra'
import type { HelpdeskTicket } from '@/client/ra'
import { Failure } from '@/components/Failure'
import { PlaceSelect } from '@/components/PlaceSelect'
import { ask } from '@/lib/http'
import { useUnsaved } from '@/lib/unsaved'

const steps = ['answer', 'ask', 'resolve', 'note', 'forward'] as const
type Step = (typeof steps)[number]

// Composer writes the next turn; which turns there may be, the ticket says.
export function Composer({ ticket: one }: { ticket: HelpdeskTicket }) {
  const { t } = useTranslation('tickets')
  const { message } = App.useApp()
  const queries = useQueryClient()
  const legal = steps.filter((step) => one.legal?.includes(step))
  const [event, setEvent] = useState<Step | undefined>(legal[0])
  const [text, setText] = useState('')
  const [to, setTo] = useState<string>()
  useUnsaved(text.trim() !== '')
  const send = useMutation({
    mutationFn: (event: Step) => ask(ticketStep({ path: { number: one.number }, body: { event, text: text.trim(), to: event === 'forward' ? to : undefined, version: one.version } })),
    onSuccess: async (_, event) => {
      setText('')
      setTo(undefined)
      message.success(t(`done.${event}`))
      await queries.invalidateQueries({ queryKey: ['tickets'] })
    },
  })
  if (legal.length === 0 || !event) return <Alert type="info" showIcon title={one.state === 'closed' ? t('closed.about') : t('who')} />
  const ready = text.trim() !== '' && (event !== 'forward' || !!to)
  return (
    <Card title={t('next')}>
      <Flex vertical gap={12}>
        {!one.legal?.includes('answer') && one.legal?.includes('take') && one.state === 'open' && <Alert type="info" showIcon title={t('take.first')} />}
        <Segmented aria-label={t('next')} value={event} onChange={(value) => { send.reset(); setEvent(value) }} options={legal.map((value) => ({ value, label: t(`event.${value}`) }))} />
        <span className="quiet">{t(`about.${event}`)}</span>
        {event === 'forward' && <PlaceSelect label={t('forward.to')} value={to} onChange={setTo} without={one.node} />}
        <Input.TextArea aria-label={t(`event.${event}`)} className={event === 'note' ? 'turn internal' : undefined} rows={4} maxLength={4000} showCount value={text} onChange={(change) => setText(change.target.value)} onKeyDown={(key) => key.key === 'Enter' && (key.ctrlKey || key.metaKey) && ready && !send.isPending && send.mutate(event)} />
        {send.isError && <Failure error={send.error} />}
        <Flex gap={12} align="center">
          <Button type="primary" disabled={!ready} loading={send.isPending} onClick={() => send.mutate(event)}>{t(`send.${event}`)}</Button>
          <span className="quiet">Ctrl+Enter</span>
        </Flex>
      </Flex>
    </Card>
  )
}
