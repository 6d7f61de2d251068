import { DownloadOutlined } from '@ant-design/icons'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Alert, Button, Card, Empty, Flex, Form, Input, Result, Table, Tag, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { ledger, recover } from '@/client/kmc'
import type { KmcTouch, PkiKeyGrant } from '@/client/kmc'
import { Failure } from '@/components/Failure'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { PemInput } from '@/components/PemInput'
import { Visible } from '@/components/Visible'
import { derOf, fromBase64 } from '@/lib/der'
import { useFilters } from '@/lib/filters'
import { moment } from '@/lib/format'
import { ask, save } from '@/lib/http'
import { every } from '@/lib/pages'
import { useCustodian } from './custodian'

interface Asked {
  certificate: string
  cert_no: string
  ca?: string
  reason: string
}

// Desk gives a holder an old encryption key back, sealed to the holder's present signing
// key: nobody at the desk can open it. What was done stands in the holder's ledger.
export default function Desk() {
  const { t } = useTranslation('recovery')
  const { custodian } = useCustodian()
  const [{ holder }, setFilters] = useFilters(['holder'] as const)
  const [form] = Form.useForm<Asked>()
  return (
    <>
      <PageHead title={t('title')} about={t('about')} />
      <Flex vertical gap={16}>
        <Card size="small" title={t('ledger.title')}>
          <p className="quiet">{t('ledger.about')}</p>
          <Input.Search allowClear className="wide-search" enterButton={t('ledger.look')} aria-label={t('holder')} placeholder={t('holder.help')} defaultValue={holder} onSearch={(text) => setFilters({ holder: text.trim() })} />
          {holder && <Ledger holder={holder} onRecover={custodian ? (touch) => form.setFieldsValue({ cert_no: touch.cert_no, ca: touch.ca }) : undefined} />}
        </Card>
        {custodian ? <Recovery form={form} /> : <Alert type="info" showIcon title={t('custodian.only')} />}
      </Flex>
    </>
  )
}

function Ledger({ holder, onRecover }: { holder: string; onRecover?: (touch: KmcTouch) => void }) {
  const { t, i18n } = useTranslation('recovery')
  const query = useQuery({ queryKey: ['kmc', 'ledger', holder], queryFn: () => every<KmcTouch>((last) => ask(ledger({ path: { holder }, query: { from: last && last.entry + 1, limit: 1000 } })), 1000) })
  const act = (name: string) => (i18n.exists(`recovery:act.${name}`) ? t(`act.${name}`) : name)
  return (
    <Loaded query={query}>
      {(touches) => (
        <Table<KmcTouch>
          size="small"
          className="below-search"
          rowKey={(row) => String(row.entry)}
          pagination={touches.length > 50 ? { pageSize: 50 } : false}
          scroll={{ x: 'max-content' }}
          dataSource={touches}
          locale={{ emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('ledger.none')} /> }}
          columns={[
            { key: 'at', title: t('at'), render: (_, row) => moment(row.at) },
            { key: 'act', title: t('act'), render: (_, row) => <>{act(row.act)}{row.repeat && <Tag>{t('ledger.repeat')}</Tag>}</> },
            { key: 'result', title: t('result'), render: (_, row) => <Tag color={row.result === 'done' ? 'green' : 'red'}>{t(`result.${row.result}`)}</Tag> },
            { key: 'cert_no', title: t('cert_no'), render: (_, row) => <span className="code">{row.ca}/{row.cert_no}</span> },
            { key: 'by', title: t('by'), render: (_, row) => <Visible text={[row.by, row.asked_by, row.approved_by].filter(Boolean).join(' ← ')} /> },
            { key: 'reason', title: t('reason'), render: (_, row) => <span className="narrow"><Visible text={[row.case, row.authority, row.reason].filter(Boolean).join(' · ')} /></span> },
            ...(onRecover ? [{ key: 'acts', title: t('acts'), render: (_: unknown, row: KmcTouch) => row.cert_no && <Button size="small" onClick={() => onRecover(row)}>{t('recover.this')}</Button> }] : []),
          ]}
        />
      )}
    </Loaded>
  )
}

function Recovery({ form }: { form: ReturnType<typeof Form.useForm<Asked>>[0] }) {
  const { t } = useTranslation('recovery')
  const act = useMutation({ mutationFn: ({ certificate, ...rest }: Asked) => ask(recover({ body: { ...rest, ca: rest.ca || undefined, certificate: derOf(certificate)! } })) })
  return (
    <Card size="small" title={t('recover.title')}>
      <p className="quiet">{t('recover.about')}</p>
      {act.isSuccess ? (
        <Granted grant={act.data} again={() => { act.reset(); form.resetFields() }} />
      ) : (
        <Form form={form} layout="vertical" className="recovery-form" onFinish={(asked) => !act.isPending && act.mutate(asked)}>
          <Form.Item name="certificate" label={t('recover.certificate')} extra={t('recover.certificate.help')} rules={[{ required: true, message: t('required') }, { validator: (_, pem?: string) => (!pem || derOf(pem) ? Promise.resolve() : Promise.reject(new Error(t('pem.bad')))) }]}>
            <PemInput kind="CERTIFICATE" label={t('recover.certificate')} />
          </Form.Item>
          <div className="part-form">
            <Form.Item name="cert_no" label={t('recover.cert_no')} extra={t('recover.cert_no.help')} rules={[{ required: true, whitespace: true, message: t('required') }]}>
              <Input className="code" maxLength={64} />
            </Form.Item>
            <Form.Item name="ca" label={t('recover.ca')} extra={t('recover.ca.help')}>
              <Input maxLength={64} />
            </Form.Item>
          </div>
          <Form.Item name="reason" label={t('reason')} extra={t('recover.reason.help')} rules={[{ required: true, whitespace: true, message: t('required') }]}>
            <Input.TextArea rows={2} maxLength={500} showCount />
          </Form.Item>
          {act.isError && <Failure error={act.error} />}
          <Button type="primary" htmlType="submit" loading={act.isPending} className="form-act">
            {t('recover.act')}
          </Button>
        </Form>
      )}
    </Card>
  )
}

function Granted({ grant, again }: { grant: PkiKeyGrant; again: () => void }) {
  const { t } = useTranslation('recovery')
  return (
    <Result
      status="success"
      title={t('recover.done')}
      subTitle={t('recover.done.about', { format: grant.envelope.format })}
      extra={[
        <Button key="file" type="primary" icon={<DownloadOutlined />} onClick={() => save(new Blob([fromBase64(grant.envelope.der)]), `${grant.cert_no}.der`)}>
          {t('recover.file')}
        </Button>,
        <Button key="again" onClick={again}>
          {t('recover.again')}
        </Button>,
      ]}
    >
      <Typography.Text type="secondary">
        {t('cert_no')} <span className="code">{grant.cert_no}</span>
      </Typography.Text>
    </Result>
  )
}
