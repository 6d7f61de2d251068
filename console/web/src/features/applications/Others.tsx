import { Card, Table } from 'antd'
import { useTranslation } from 'react-i18next'
import type { RaCertificate } from '@/client/ra'
import { StateTag } from '@/components/StateTag'
import { date } from '@/lib/format'

// Others are the further certificates of the same holder, at whatever office: a second
// one needs a reason.
export function Others({ all }: { all: RaCertificate[] }) {
  const { t } = useTranslation('applications')
  if (all.length === 0) return null
  return (
    <Card title={t('others', { count: all.length })} size="small">
      <Table<RaCertificate>
        size="small"
        pagination={false}
        dataSource={all}
        rowKey={(row) => row.issuer + row.serial + row.not_after}
        scroll={{ x: 'max-content' }}
        columns={[
          { title: t('kind'), key: 'kind', render: (_, row) => t(`kind.${row.kind}`) },
          { title: t('state'), key: 'state', render: (_, row) => <StateTag state={row.state} /> },
          { title: t('until'), key: 'until', render: (_, row) => date(row.not_after) },
          { title: t('node'), key: 'node', render: (_, row) => row.node || row.region },
          { title: t('serial'), key: 'serial', render: (_, row) => row.serial && <span className="code">{row.serial}</span> },
        ]}
      />
    </Card>
  )
}
