import { InboxOutlined } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { Alert, Button, Card, Flex, Form, InputNumber, Radio, Select, Space, Upload } from 'antd'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { batchUpload } from '@/client/ra'
import { Failure } from '@/components/Failure'
import { FileButton } from '@/components/FileButton'
import { PageHead } from '@/components/PageHead'
import { Visible } from '@/components/Visible'
import { octets } from '@/lib/format'
import { ask } from '@/lib/http'
import { useUnsaved } from '@/lib/unsaved'

const kinds = ['person', 'organisation', 'device', 'code'] as const
const suites = ['sm2', 'rsa2048', 'rsa3072', 'rsa4096', 'p256', 'p384'] as const
type Suite = (typeof suites)[number]

// As the registration bounds a sheet (ra/batch_http.go).
const mostOctets = 16 << 20

export interface Order {
  kind: string
  key_from: 'request' | 'server'
  suite?: Suite
  days?: number
}

// New hands in a sheet: it is judged row by row, and nothing is done yet.
export default function New() {
  const { t, i18n } = useTranslation('batches')
  const navigate = useNavigate()
  const [form] = Form.useForm<Order>()
  const [file, setFile] = useState<File>()
  const [kind, setKind] = useState('person')
  const [from, setFrom] = useState<Order['key_from']>('request')
  const upload = useMutation({
    mutationFn: ({ order, file }: { order: Order; file: File }) =>
      ask(batchUpload({ query: { name: file.name, kind: order.kind, key_from: order.key_from, suite: order.key_from === 'server' ? order.suite : undefined, days: order.days ?? undefined }, body: file })),
  })
  useUnsaved(!!file && !upload.isSuccess)
  const made = upload.data?.id
  useEffect(() => {
    if (made) void navigate(`/batches/${made}`, { replace: true })
  }, [made, navigate])
  const language = i18n.language === 'zh-CN' ? 'zh' : 'en'
  const large = !!file && file.size > mostOctets
  return (
    <>
      <PageHead title={t('new')} about={t('new.about')} />
      <Card className="form-card">
        <Form form={form} layout="vertical" initialValues={{ kind, key_from: 'request', suite: 'sm2' }} onValuesChange={(_, all) => { setKind(all.kind); setFrom(all.key_from) }} onFinish={(order) => file && !upload.isPending && upload.mutate({ order, file })}>
          <h2 className="step">1. {t('step.template')}</h2>
          <Flex gap={16} wrap align="end">
            <Form.Item name="kind" label={t('kind')}>
              <Radio.Group optionType="button" options={kinds.map((value) => ({ value, label: t(`kind.${value}`) }))} />
            </Form.Item>
            <Form.Item>
              <FileButton url={`/api/ra/v1/batch-template?kind=${kind}&lang=${language}`} name={`${t('template.name')}-${t(`kind.${kind}`)}.xlsx`} label={t('template')} />
            </Form.Item>
          </Flex>
          <h2 className="step">2. {t('step.keys')}</h2>
          <Form.Item name="key_from" extra={t(`key.${from}.about`)}>
            <Radio.Group aria-label={t('step.keys')} optionType="button" options={[{ value: 'request', label: t('key.request') }, { value: 'server', label: t('key.server') }]} />
          </Form.Item>
          <Space size={16} wrap align="start">
            {from === 'server' && (
              <Form.Item name="suite" label={t('suite')}>
                <Select className="filter" options={suites.map((value) => ({ value, label: t(`suite.${value}`) }))} />
              </Form.Item>
            )}
            <Form.Item name="days" label={t('days')} extra={t('days.about')}>
              <InputNumber min={1} max={10980} precision={0} className="filter-short" />
            </Form.Item>
          </Space>
          <h2 className="step">3. {t('step.file')}</h2>
          <Upload.Dragger accept=".xlsx,.csv" maxCount={1} showUploadList={false} beforeUpload={(chosen) => { upload.reset(); setFile(chosen); return false }}>
            <p className="ant-upload-drag-icon"><InboxOutlined /></p>
            <p className="ant-upload-text">{file ? <Visible text={file.name} /> : t('drop')}</p>
            <p className="ant-upload-hint">{file ? octets(file.size) : t('drop.about')}</p>
          </Upload.Dragger>
          {large && <Alert className="act-about" type="error" showIcon title={t('large', { most: octets(mostOctets) })} />}
          {upload.isError && <div className="below"><Failure error={upload.error} /></div>}
          <Space className="below">
            <Button type="primary" htmlType="submit" disabled={!file || large} loading={upload.isPending}>{t('check')}</Button>
            <span className="quiet">{t('check.about')}</span>
          </Space>
        </Form>
      </Card>
    </>
  )
}
