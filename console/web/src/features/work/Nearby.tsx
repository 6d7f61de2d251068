import { StopOutlined } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { Alert, App, Button, Card, Flex, Form, Input, Radio, Result, Select } from 'antd'
import { useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { nearby } from '@/client/ra'
import type { RaNearby } from '@/client/ra'
import { Failure } from '@/components/Failure'
import { PageHead } from '@/components/PageHead'
import { creditCode, plain, residentNumber } from '@/lib/digits'
import { ask } from '@/lib/http'
import { useUnsaved } from '@/lib/unsaved'

type Values = RaNearby & { by: 'document' | 'certificate' }

const documents = { person: ['resident', 'military', 'passport'], organisation: ['credit-code'] } as const

// Nearby freezes at once for a holder of any branch who stands at this counter, and tells
// the counter nothing else about the holder.
export default function Nearby() {
  const { t } = useTranslation('work')
  const { modal } = App.useApp()
  const [form] = Form.useForm<Values>()
  const by = Form.useWatch('by', form) ?? 'document'
  const kind = (Form.useWatch('kind', form) ?? 'person') as 'person' | 'organisation'
  const vetted = Form.useWatch('vetted', form)
  const asking = useRef(false)
  const freeze = useMutation({ mutationFn: (body: RaNearby) => ask(nearby({ body })) })
  useUnsaved(!!vetted && !freeze.isSuccess)
  const sure = (values: Values) => {
    if (asking.current) return
    asking.current = true
    const body: RaNearby = values.by === 'document' ? { kind: values.kind, document_kind: values.document_kind, number: plain(values.number ?? ''), vetted: values.vetted } : { issuer: values.issuer?.trim(), serial: values.serial?.trim(), vetted: values.vetted }
    modal.confirm({ title: t('nearby.sure'), content: t('nearby.sure.text'), okText: t('nearby.act'), okButtonProps: { danger: true }, onOk: () => freeze.mutate(body), afterClose: () => { asking.current = false } })
  }
  const number = (value: string | undefined) => {
    const typed = value ?? ''
    const sort = form.getFieldValue('document_kind') as string
    const verdict = sort === 'resident' ? residentNumber(typed) : sort === 'credit-code' ? creditCode(typed) : undefined
    return !verdict || verdict.state === 'right' || typed === '' ? Promise.resolve() : Promise.reject(new Error(t('nearby.number.wrong')))
  }
  return (
    <>
      <PageHead title={t('nearby')} about={t('nearby.about')} />
      {freeze.isSuccess ? (
        <Card>
          <Result
            status={freeze.data.pending > 0 ? 'warning' : 'success'}
            title={freeze.data.pending > 0 ? t('nearby.pending', { count: freeze.data.pending }) : t('nearby.done', { count: freeze.data.applications.length })}
            subTitle={<span className="code">{freeze.data.applications.join(' ')}</span>}
            extra={<Button onClick={() => { form.resetFields(); freeze.reset() }}>{t('nearby.another')}</Button>}
          />
        </Card>
      ) : (
        <Card className="narrow">
          <Form form={form} layout="vertical" initialValues={{ by: 'document', kind: 'person', document_kind: 'resident' }} onFinish={sure}>
            <Form.Item name="by" label={t('nearby.by')}>
              <Radio.Group optionType="button" options={[{ value: 'document', label: t('nearby.document') }, { value: 'certificate', label: t('nearby.certificate') }]} />
            </Form.Item>
            {by === 'document' ? (
              <>
                <Form.Item name="kind" label={t('nearby.kind')}>
                  <Radio.Group options={[{ value: 'person', label: t('nearby.person') }, { value: 'organisation', label: t('nearby.organisation') }]} onChange={(event) => form.setFieldValue('document_kind', documents[event.target.value as 'person'][0])} />
                </Form.Item>
                <Form.Item name="document_kind" label={t('nearby.document_kind')}>
                  <Select options={documents[kind].map((value) => ({ value, label: t(`document.${value}`) }))} />
                </Form.Item>
                <Form.Item name="number" label={t('nearby.number')} dependencies={['document_kind']} extra={t('nearby.number.help')} rules={[{ required: true, whitespace: true, message: t('nearby.missing') }, { validator: (_, value: string) => number(value) }]}>
                  <Input maxLength={40} className="code" autoComplete="off" autoFocus />
                </Form.Item>
              </>
            ) : (
              <>
                <Form.Item name="issuer" label={t('nearby.issuer')} rules={[{ required: true, whitespace: true, message: t('nearby.missing') }]}>
                  <Input maxLength={32} className="code" />
                </Form.Item>
                <Form.Item name="serial" label={t('nearby.serial')} rules={[{ required: true, whitespace: true, message: t('nearby.missing') }]}>
                  <Input maxLength={64} className="code" />
                </Form.Item>
              </>
            )}
            <Form.Item name="vetted" label={t('nearby.vetted')} extra={t('nearby.vetted.help')} rules={[{ required: true, whitespace: true, min: 4, message: t('nearby.missing') }]}>
              <Input.TextArea rows={2} maxLength={200} />
            </Form.Item>
            <Flex vertical gap={12}>
              {freeze.isError && <Failure error={freeze.error} />}
              <Alert type="info" showIcon title={t('nearby.note')} />
              <div>
                <Button type="primary" danger htmlType="submit" icon={<StopOutlined />} loading={freeze.isPending}>
                  {t('nearby.act')}
                </Button>
              </div>
            </Flex>
          </Form>
        </Card>
      )}
    </>
  )
}
