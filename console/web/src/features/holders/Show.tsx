import { useQuery } from '@tanstack/react-query'
import { Card, Descriptions, Flex, Table } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link, useParams } from 'react-router'
import { applications, certificates, holderExport, holders } from '@/client/ra'
import type { RaApplication, RaCertificate, RaHolder } from '@/client/ra'
import { Act } from '@/components/Act'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { date, minute } from '@/lib/format'
import { ask, save } from '@/lib/http'
import { may, useMe } from '@/lib/me'
import { Refusal } from '@/lib/refusal'
import { Move } from './Move'
import { Systems } from './Systems'

const every = ['draft', 'submitted', 'returned', 'approved', 'rejected', 'issued', 'delivered', 'withdrawn'] as const

export default function Show() {
  const { t } = useTranslation('holders')
  const { id = '' } = useParams()
  const query = useQuery({
    queryKey: ['holders', 'one', id],
    queryFn: async () => {
      const [holder] = (await ask(holders({ query: { id } }))).items
      if (!holder) throw new Refusal(404, { title: 'there is no such holder here', code: 'holder.unknown' })
      return holder
    },
  })
  return (
    <>
      <PageHead title={query.data?.name ?? t('one')} about={<span className="code">{id}</span>} acts={query.data && <Export holder={query.data} />} />
      <Loaded query={query}>
        {(holder) => (
          <div className="two-columns">
            <Flex vertical gap={16}>
              <Certificates id={id} />
              <Applications id={id} />
            </Flex>
            <Flex vertical gap={16}>
              <Facts holder={holder} />
              <Systems holder={holder} />
              <Move holder={holder} />
            </Flex>
          </div>
        )}
      </Loaded>
    </>
  )
}

function Facts({ holder }: { holder: RaHolder }) {
  const { t } = useTranslation('holders')
  return (
    <Card title={t('facts')}>
      <Descriptions
        size="small"
        column={1}
        styles={{ label: { minWidth: 88 } }}
        items={[
          { key: 'name', label: t('name'), children: <Visible text={holder.name} /> },
          { key: 'unit', label: t('unit'), children: <Visible text={holder.unit} /> },
          { key: 'kind', label: t('kind'), children: t(`kind.${holder.kind}`) },
          { key: 'state', label: t('state'), children: <StateTag of="holder" state={holder.state} /> },
          { key: 'node', label: t('components:place'), children: holder.node },
          { key: 'changed', label: t('changed'), children: minute(holder.changed) },
        ]}
      />
    </Card>
  )
}

function Certificates({ id }: { id: string }) {
  const { t } = useTranslation('holders')
  const query = useQuery({ queryKey: ['certificates', 'of', id], queryFn: () => ask(certificates({ query: { holder: id, limit: 200 } })) })
  return (
    <Card title={t('certificates')}>
      <Loaded query={query}>
        {(page) => (
          <Table<RaCertificate>
            size="small"
            pagination={false}
            scroll={{ x: 'max-content' }}
            rowKey={(row) => `${row.issuer}/${row.serial}`}
            dataSource={page.items}
            locale={{ emptyText: t('certificates.none') }}
            columns={[
              { key: 'serial', title: t('serial'), render: (_, row) => <Link to={`/certificates/${row.issuer}/${row.serial}`} className="code short-serial">{row.serial}</Link> },
              { key: 'issuer', title: t('issuer'), dataIndex: 'issuer' },
              { key: 'profile', title: t('profile'), dataIndex: 'profile' },
              { key: 'state', title: t('state'), render: (_, row) => <StateTag state={row.state} /> },
              { key: 'end', title: t('end'), render: (_, row) => date(row.not_after) },
            ]}
          />
        )}
      </Loaded>
    </Card>
  )
}

function Applications({ id }: { id: string }) {
  const { t } = useTranslation('holders')
  const query = useQuery({ queryKey: ['applications', 'of', id], queryFn: () => ask(applications({ query: { holder: id, state: [...every], limit: 200 } })) })
  return (
    <Card title={t('applications')} extra={<Link to={`/applications?holder=${id}&state=all`}>{t('applications.all')}</Link>}>
      <Loaded query={query}>
        {(page) => (
          <Table<RaApplication>
            size="small"
            pagination={page.items.length > 10 ? { pageSize: 10, hideOnSinglePage: true } : false}
            scroll={{ x: 'max-content' }}
            rowKey="id"
            dataSource={page.items}
            locale={{ emptyText: t('applications.none') }}
            columns={[
              { key: 'id', title: t('number'), render: (_, row) => <Link to={`/applications/${row.id}`} className="code">{row.id}</Link> },
              { key: 'operation', title: t('operation'), render: (_, row) => t(`operation.${row.operation}`) },
              { key: 'state', title: t('state'), render: (_, row) => <StateTag state={row.state} /> },
              { key: 'changed', title: t('changed'), render: (_, row) => minute(row.changed) },
            ]}
          />
        )}
      </Loaded>
    </Card>
  )
}

// Export hands a person everything that is held about him, for a reason that is recorded.
function Export({ holder }: { holder: RaHolder }) {
  const { t } = useTranslation('holders')
  const { data: me } = useMe()
  if (!may(me, 'ra.holder.export')) return null
  const run = async (reason: string) => {
    const file = await ask(holderExport({ path: { id: holder.id }, body: { reason } }))
    save(new Blob([JSON.stringify(file, null, 2)], { type: 'application/json' }), `${holder.id}.json`)
  }
  return <Act label={t('export')} title={t('export.title')} about={<p>{t('export.about')}</p>} reason="required" reasonLabel={t('export.reason')} done={t('export.done')} run={run} />
}
