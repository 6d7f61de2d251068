import { PlusOutlined, SyncOutlined, UploadOutlined } from '@ant-design/icons'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { App, Button, Card, Empty, Flex, Table, Tag, Tooltip, Upload } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { crlRefresh, crlUpload, trust as readTrust } from '@/client/gateway'
import type { GatewayConfiguration, TrustSourceHealth } from '@/client/gateway'
import { said } from '@/components/Failure'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { minute, octets, span } from '@/lib/format'
import { ask, byItself } from '@/lib/http'
import { gatewayKey, useConfiguration, useMay } from './configuration'
import { PartTable } from './PartTable'
import { parts, placeOf } from './parts'
import { TrustLists } from './TrustLists'

const trustKey = [...gatewayKey, 'trust'] as const

// Trust is whose certificates are accepted, and how fresh what is known of them is.
export default function Trust() {
  const { t } = useTranslation('gateway')
  const query = useConfiguration()
  const may = useMay()
  return (
    <>
      <PageHead
        title={t('trust.title')}
        about={t('trust.about')}
        acts={
          may.rules &&
          (['cas', 'sets'] as const).map((kind) => (
            <Link key={kind} to={placeOf(kind, 'NEW')}>
              <Button icon={<PlusOutlined />}>{t(`kind.${kind}.new`)}</Button>
            </Link>
          ))
        }
      />
      <Flex vertical gap={16}>
        <Sources />
        <TrustLists />
        <Loaded query={query}>{({ configuration }) => <Trusted configuration={configuration} />}</Loaded>
      </Flex>
    </>
  )
}

function Trusted({ configuration }: { configuration: GatewayConfiguration }) {
  const { t } = useTranslation('gateway')
  return (
    <>
      <Card size="small" title={t('kind.cas')}>
        <PartTable
          kind="cas"
          rows={parts.cas.of(configuration)}
          columns={[
            { key: 'title', title: t('field.cas.title'), render: (_, row) => <><Visible text={row.title as string} /> {row.list ? <Tag>{t('kind.lists.one')} {String(row.list)}</Tag> : null}</> },
            { key: 'revocation', title: t('field.cas.revocation'), render: (_, row) => ((row.revocation as { kind: string }[]) ?? []).map((one, n) => <Tag key={n}>{t(`option.kind.${one.kind}`)}</Tag>) },
            { key: 'stale', title: t('field.cas.stale.allowFor'), render: (_, row) => (row.stale as { allowFor?: string } | undefined)?.allowFor || t('stale.none') },
          ]}
        />
      </Card>
      <Card size="small" title={t('kind.sets')}>
        <PartTable
          kind="sets"
          rows={parts.sets.of(configuration)}
          columns={[
            { key: 'cas', title: t('field.sets.cas'), render: (_, row) => ((row.cas as string[]) ?? []).map((name) => <Tag key={name}>{name}</Tag>) },
            { key: 'services', title: t('kind.services'), render: (_, row) => configuration.services.filter((one) => one.trust === row.name).map((one) => one.name).join(', ') || '–' },
          ]}
        />
      </Card>
    </>
  )
}

function Sources() {
  const { t } = useTranslation('gateway')
  const may = useMay()
  const query = useQuery({ queryKey: trustKey, queryFn: () => ask(readTrust(byItself)), refetchInterval: 10_000 })
  return (
    <Card size="small" title={t('sources.title')}>
      <Loaded query={query}>
        {(sources) => (
          <Table<TrustSourceHealth>
            size="small"
            rowKey={(row) => `${row.ca} ${row.source}`}
            pagination={false}
            scroll={{ x: 'max-content' }}
            dataSource={sources}
            locale={{ emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('sources.none')} /> }}
            columns={[
              { key: 'ca', title: t('kind.cas.one'), render: (_, row) => <strong>{row.ca}</strong> },
              { key: 'source', title: t('sources.source'), render: (_, row) => <Tooltip title={row.address}>{t(`option.kind.${row.kind}`)}</Tooltip> },
              { key: 'state', title: t('state'), render: (_, row) => <StateTag of="source" state={row.state} /> },
              { key: 'age', title: t('sources.age'), render: (_, row) => (row.state === 'missing' ? '–' : span(row.age)) },
              { key: 'entries', title: t('sources.entries'), align: 'right', render: (_, row) => row.entries.toLocaleString() },
              { key: 'number', title: t('sources.number'), render: (_, row) => row.number ?? '–' },
              { key: 'next', title: t('sources.nextUpdate'), render: (_, row) => (row.kind === 'journal' ? t('sources.follows') : minute(row.nextUpdate)) },
              { key: 'bytes', title: t('sources.bytes'), align: 'right', render: (_, row) => octets(row.bytes) },
              { key: 'error', title: t('sources.error'), render: (_, row) => (row.error ? <span className="narrow"><Visible text={row.error} /> ×{row.failures}</span> : '–') },
              ...(may.rules ? [{ key: 'acts', title: t('acts'), render: (_: unknown, row: TrustSourceHealth) => <SourceActs source={row} /> }] : []),
            ]}
          />
        )}
      </Loaded>
    </Card>
  )
}

function SourceActs({ source }: { source: TrustSourceHealth }) {
  const { t } = useTranslation('gateway')
  const { message } = App.useApp()
  const queries = useQueryClient()
  const path = { ca: source.ca, source: source.source }
  const after = { onSuccess: () => (message.success(t('saved')), queries.invalidateQueries({ queryKey: trustKey })), onError: (error: Error) => message.error(`${said(error).wrong} ${said(error).remedy}`) }
  const refresh = useMutation({ mutationFn: () => ask(crlRefresh({ path })), ...after })
  const upload = useMutation({ mutationFn: (file: File) => ask(crlUpload({ path, body: file })), ...after })
  if (source.kind === 'crl') {
    return (
      <Button size="small" icon={<SyncOutlined />} loading={refresh.isPending} onClick={() => refresh.mutate()}>
        {t('sources.refresh')}
      </Button>
    )
  }
  if (source.kind !== 'upload') return <>–</>
  return (
    <Upload showUploadList={false} accept=".crl,.pem,.der" beforeUpload={(file) => (upload.mutate(file), false)}>
      <Button size="small" icon={<UploadOutlined />} loading={upload.isPending}>
        {t('sources.upload')}
      </Button>
    </Upload>
  )
}
