import { App, Alert, Button, Card, Col, Flex, Form, Input, InputNumber, Row, Select, Space } from 'antd'
import { useEffect, useRef, useState, type KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { detach } from '@/client/ra'
import type { RaApplication, RaDocument, RaKindView } from '@/client/ra'
import { Failure, said } from '@/components/Failure'
import { ask } from '@/lib/http'
import { useMe } from '@/lib/me'
import { useUnsaved } from '@/lib/unsaved'
import { asked, entryOf, follows, makes, needsKey, reasons, type Values } from './entry'
import { FieldItem } from './FieldItem'
import { KeyItems } from './KeyItems'
import { Papers, needed, type Paper } from './Papers'
import { useSending } from './sending'
import { useNames } from './useKinds'

export interface Sent {
  application: RaApplication
  submitted: boolean
  next: boolean
  values: Values
}

interface Props {
  kind: RaKindView
  operation: string
  initial: Values
  application?: RaApplication // that is changed
  onSent: (sent: Sent) => void
}

// EntryForm is what is entered of an application, made from what its kind asks for.
export function EntryForm({ kind, operation, initial, application, onSent }: Props) {
  const { t } = useTranslation('applications')
  const { message } = App.useApp()
  const [form] = Form.useForm<Values>()
  const { data: me } = useMe()
  const names = useNames(kind)
  const { begun, send, at } = useSending(application)
  const [papers, setPapers] = useState<Paper[]>([])
  const [touched] = useState(() => new Set<string>())
  const [dirty, setDirty] = useState(false)
  const [sent, setSent] = useState<Sent>()
  const [problem, setProblem] = useState<string>()
  const [pressed, setPressed] = useState('')
  const busy = useRef(false) // between a second click and the first re-rendering
  useUnsaved(dirty && !sent)
  // Only when the form is no longer unsaved may the page be left.
  useEffect(() => {
    if (sent) onSent(sent)
  }, [sent])

  const fields = asked(kind, operation)
  const attached = begun?.documents ?? []
  const first = fields[0]?.name
  useEffect(() => {
    if (first && !application) (form.getFieldInstance(['fields', first]) as { focus?: () => void } | undefined)?.focus?.()
  }, [form, first, application])

  const valid = async (whole: boolean): Promise<Values | undefined> => {
    try {
      return await form.validateFields()
    } catch (error) {
      const faults = (error as { errorFields: { name: ['fields', string] }[] }).errorFields
      const wrong = whole ? faults : faults.filter(({ name }) => form.getFieldValue(name))
      if (wrong.length === 0) return form.getFieldsValue()
      form.scrollToField(wrong[0].name, { focus: true, block: 'center' })
      return undefined
    }
  }
  const go = async (submit: boolean, next: boolean) => {
    if (busy.current || send.isPending) return
    busy.current = true
    setPressed(`${submit} ${next}`)
    try {
      setProblem(undefined)
      const values = await valid(submit)
      if (!values) return
      const missing = needed(kind.materials, operation, [...attached, ...papers].map((one) => one.sort))
      if (submit && missing.length > 0) return setProblem(t('papers.before', { list: missing.map((one) => names.material(one.sort)).join(t('comma')) }))
      if (submit && needsKey(operation) && values.key_from !== 'server' && !values.request && !application) return setProblem(t('request.missing'))
      const entry = entryOf(operation, kind, values, begun ? touched : undefined)
      const done = await send.mutateAsync({ entry, papers, submit }).catch(() => undefined)
      if (!done) return
      message.success(t(submit ? 'sent.submitted' : 'sent.saved', { id: done.id }))
      setSent({ application: done, submitted: submit, next, values })
    } finally {
      busy.current = false
    }
  }
  const keys = (event: KeyboardEvent) => {
    if (!(event.ctrlKey || event.metaKey)) return
    const another = operation === 'issue' && !application
    if (event.key === 'Enter') {
      event.preventDefault()
      void go(true, another)
    }
    if (event.key.toLowerCase() === 's') {
      event.preventDefault()
      void go(false, another)
    }
  }
  const takeOut = (document: RaDocument) => {
    if (!begun) return
    void ask(detach({ path: { id: begun.id, hash: document.hash }, query: { version: begun.version } })).then(at, (error: unknown) => setProblem(said(error).wrong))
  }
  const several = operation === 'issue' && !application
  return (
    <div onKeyDown={keys}>
      <Form
        form={form}
        layout="vertical"
        initialValues={initial}
        requiredMark
        onValuesChange={(change: Values) => {
          Object.keys(change.fields ?? {}).forEach((name) => touched.add(name))
          setDirty(true)
        }}
      >
        <Row gutter={[16, 16]}>
          <Col xs={24} xl={14}>
            <Card title={t('form.data')}>
              {follows(operation) && <About fixed={!!application || !!(initial.issuer && initial.serial)} />}
              {operation === 'cancel' && (
                <Form.Item name="holder" label={t('holder')} extra={t('cancel.help')} rules={[{ required: true, whitespace: true, message: t('field.missing', { field: t('holder') }) }]}>
                  <Input maxLength={64} className="code" disabled={!!application} />
                </Form.Item>
              )}
              {fields.length > 0 && operation !== 'issue' && !application && <Alert type="info" showIcon title={t('change.only')} className="gap-below" />}
              <Row gutter={16}>
                {fields.map((field) => (
                  <Col key={field.name} xs={24} md={12}>
                    <FieldItem field={field} required={field.required && operation === 'issue'} masked={field.sensitive ? application?.fields[field.name] : undefined} />
                  </Col>
                ))}
              </Row>
              <Reason operation={operation} others={application?.others?.length ?? 0} />
            </Card>
          </Col>
          <Col xs={24} xl={10}>
            <Flex vertical gap={16}>
              {needsKey(operation) && (
                <Card title={t('form.key')}>
                  <KeyItems kind={kind.kind} there={!!application} />
                </Card>
              )}
              {makes(operation) && (
                <Card title={t('form.certificate')} size="small">
                  <Row gutter={16}>
                    {operation === 'issue' && (
                      <Col span={14}>
                        <Form.Item name="profile" label={t('profile')} extra={t('profile.help')}>
                          {(me?.node.rights.profiles?.length ?? 0) > 0 ? (
                            <Select allowClear placeholder={t('profile.usual')} options={me!.node.rights.profiles!.map((value) => ({ value, label: value }))} />
                          ) : (
                            <Input maxLength={41} placeholder={t('profile.usual')} />
                          )}
                        </Form.Item>
                      </Col>
                    )}
                    <Col span={10}>
                      <Form.Item name="days" label={t('days')}>
                        <InputNumber min={1} max={10980} placeholder={t('days.usual')} className="wide" />
                      </Form.Item>
                    </Col>
                  </Row>
                </Card>
              )}
              <Card title={t('form.papers')}>
                <Papers materials={kind.materials} operation={operation} papers={papers} onChange={(all) => { setPapers(all); setDirty(true) }} attached={attached} onDetach={takeOut} />
              </Card>
              {problem && <Alert type="warning" showIcon role="alert" title={problem} />}
              {send.isError && <Failure error={send.error} />}
              {send.isError && begun && !application && <Alert type="info" showIcon title={t('sent.begun', { id: begun.id })} />}
              <Space wrap>
                {several && (
                  <Button type="primary" size="large" loading={send.isPending && pressed === 'true true'} disabled={send.isPending && pressed !== 'true true'} onClick={() => void go(true, true)}>
                    {t('act.next')} <kbd>Ctrl ↵</kbd>
                  </Button>
                )}
                <Button type={several ? 'default' : 'primary'} size="large" loading={send.isPending && pressed === 'true false'} disabled={send.isPending && pressed !== 'true false'} onClick={() => void go(true, false)}>
                  {t('act.submit')} {!several && <kbd>Ctrl ↵</kbd>}
                </Button>
                <Button size="large" loading={send.isPending && pressed === 'false false'} disabled={send.isPending && pressed !== 'false false'} onClick={() => void go(false, false)}>
                  {t('act.draft')}
                </Button>
              </Space>
              {several && <span className="quiet">{t('keys.help')}</span>}
            </Flex>
          </Col>
        </Row>
      </Form>
    </div>
  )
}

// About names the certificate an application is about.
function About({ fixed }: { fixed: boolean }) {
  const { t } = useTranslation('applications')
  return (
    <Row gutter={16}>
      {(['issuer', 'serial'] as const).map((name) => (
        <Col key={name} xs={24} md={name === 'issuer' ? 8 : 16}>
          <Form.Item name={name} label={t(name)} rules={[{ required: true, whitespace: true, message: t('field.missing', { field: t(name) }) }]}>
            <Input maxLength={64} className="code" readOnly={fixed} variant={fixed ? 'filled' : 'outlined'} />
          </Form.Item>
        </Col>
      ))}
    </Row>
  )
}

// Reason is one of a list for a revocation, and words for the rest.
function Reason({ operation, others }: { operation: string; others: number }) {
  const { t } = useTranslation('applications')
  if (operation === 'revoke') {
    return (
      <Form.Item name="reason" label={t('reason.revoke')} rules={[{ required: true, message: t('components:reason.required') }]}>
        <Select options={reasons.map((value) => ({ value, label: t(`revoke.${value}`) }))} />
      </Form.Item>
    )
  }
  return (
    <Form.Item name="reason" label={t(operation === 'issue' ? 'reason.second' : 'components:reason')} extra={operation === 'issue' ? t(others > 0 ? 'reason.others' : 'reason.second.help') : undefined}>
      <Input maxLength={200} autoComplete="off" />
    </Form.Item>
  )
}
