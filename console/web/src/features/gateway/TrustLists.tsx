import { PlusOutlined, SyncOutlined, UploadOutlined } from '@ant-design/icons'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Alert, App, Button, Card, Empty, Flex, Space, Table, Tag, Upload } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { trustListAdopt, trustListRefresh, trustListUpload, trustLists } from '@/client/gateway'
import type { GatewayTrustListState } from '@/client/gateway'
import { Act } from '@/components/Act'
import { said, told } from '@/components/Failure'
import { Loaded } from '@/components/Loaded'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { minute } from '@/lib/format'
import { ask, byItself } from '@/lib/http'
import { configurationKey, gatewayKey, useConfiguration, useMay } from './configuration'
import { Differences } from './Differences'
import { placeOf } from './parts'

const listsKey = [...gatewayKey, 'trust-lists'] as const

// TrustLists are the signed lists of foreign CAs that are followed: which number counts,
// and what the newest would change.
export function TrustLists() {
  const { t } = useTranslation('gateway')
  const may = useMay()
  const query = useQuery({ queryKey: listsKey, queryFn: () => ask(trustLists(byItself)), refetchInterval: 10_000 })
  return (
    <Card
      size="small"
      title={t('kind.lists')}
      extra={
        may.rules && (
          <Link to={placeOf('lists', 'NEW')}>
            <Button size="small" icon={<PlusOutlined />}>{t('kind.lists.new')}</Button>
          </Link>
        )
      }
    >
      <Loaded query={query}>
        {(lists) => (
          <Table<GatewayTrustListState>
            size="small"
            rowKey="name"
            pagination={false}
            scroll={{ x: 'max-content' }}
            dataSource={lists}
            locale={{ emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('kind.lists.none')} /> }}
            expandable={{ rowExpandable: ahead, expandedRowRender: (row) => <Ahead list={row} />, expandedRowKeys: lists.filter(ahead).map((row) => row.name), showExpandColumn: false }}
            columns={[
              { key: 'name', title: t('kind.lists.one'), render: (_, row) => <><Link to={placeOf('lists', row.name)}><strong>{row.name}</strong></Link> {row.title && <Visible text={row.title} />}</> },
              { key: 'state', title: t('state'), render: (_, row) => <StateTag of="list" state={row.state} /> },
              { key: 'adopted', title: t('lists.adopted'), align: 'right', render: (_, row) => row.adopted ?? '–' },
              { key: 'ends', title: t('lists.ends'), render: (_, row) => minute(row.ends) },
              { key: 'held', title: t('lists.held'), align: 'right', render: (_, row) => row.held ?? '–' },
              { key: 'adopt', title: t('field.lists.adopt'), render: (_, row) => t(`option.adopt.${row.adopt}`) },
              { key: 'sets', title: t('kind.sets'), render: (_, row) => row.sets.map((name) => <Tag key={name}>{name}</Tag>) },
              { key: 'error', title: t('sources.error'), render: (_, row) => (row.error ? <span className="narrow"><Visible text={told(row.code ?? '', row.error)} /> ×{row.failures}</span> : '–') },
              ...(may.rules ? [{ key: 'acts', title: t('acts'), render: (_: unknown, row: GatewayTrustListState) => <ListActs list={row} /> }] : []),
            ]}
          />
        )}
      </Loaded>
    </Card>
  )
}

const ahead = (list: GatewayTrustListState) => (list.held ?? 0) > (list.adopted ?? 0) && (list.differences !== undefined || list.fault !== undefined)

// Ahead is what the newest list would change, and the act that makes it count.
function Ahead({ list }: { list: GatewayTrustListState }) {
  const { t } = useTranslation('gateway')
  const may = useMay()
  const configuration = useConfiguration()
  return (
    <Flex vertical gap={8}>
      <strong>{t('lists.ahead', { number: list.held })}</strong>
      {list.fault && <Alert type="error" showIcon title={<Visible text={told(list.fault.code, list.fault.wrong)} />} />}
      <Differences differences={(list.differences ?? []).filter((one) => one.kind !== 'trust-lists')} />
      {may.rules && !list.fault && configuration.data && (
        <div>
          <Act
            primary
            label={t('lists.adopt')}
            title={t('lists.adopt.title', { name: list.name, number: list.held })}
            about={t('lists.adopt.about')}
            reason="optional"
            reasonLabel={t('note')}
            done={t('saved')}
            run={(note) => ask(trustListAdopt({ path: { name: list.name }, body: { number: list.held ?? 0, base: configuration.data.version.number, note } }))}
            refresh={[gatewayKey, configurationKey]}
          />
        </div>
      )}
    </Flex>
  )
}

function ListActs({ list }: { list: GatewayTrustListState }) {
  const { t } = useTranslation('gateway')
  const { message } = App.useApp()
  const queries = useQueryClient()
  const path = { name: list.name }
  const after = { onSuccess: () => (message.success(t('lists.taken')), queries.invalidateQueries({ queryKey: gatewayKey })), onError: (error: Error) => message.error(`${said(error).wrong} ${said(error).remedy}`) }
  const refresh = useMutation({ mutationFn: () => ask(trustListRefresh({ path })), ...after })
  const upload = useMutation({ mutationFn: (file: File) => ask(trustListUpload({ path, body: file })), ...after })
  return (
    <Space>
      {list.next && (
        <Button size="small" icon={<SyncOutlined />} loading={refresh.isPending} onClick={() => refresh.mutate()}>
          {t('sources.refresh')}
        </Button>
      )}
      <Upload showUploadList={false} accept=".p7,.p7m,.cms,.pem,.der" beforeUpload={(file) => (upload.mutate(file), false)}>
        <Button size="small" icon={<UploadOutlined />} loading={upload.isPending}>
          {t('sources.upload')}
        </Button>
      </Upload>
    </Space>
  )
}
