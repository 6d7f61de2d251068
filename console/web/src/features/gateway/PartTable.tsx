import { Empty, Table, type TableColumnsType } from 'antd'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { placeOf, type Kind, type Value } from './parts'

// PartTable lists the parts of one kind; a line opens its form.
export function PartTable({ kind, rows, columns }: { kind: Kind; rows: Value[]; columns: TableColumnsType<Value> }) {
  const { t } = useTranslation('gateway')
  const navigate = useNavigate()
  const open = (row: Value) => void navigate(placeOf(kind, row.name))
  return (
    <Table<Value>
      size="middle"
      rowKey="name"
      dataSource={rows}
      pagination={rows.length > 50 ? { pageSize: 50 } : false}
      scroll={{ x: 'max-content' }}
      locale={{ emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t(`kind.${kind}.none`)} /> }}
      columns={[{ key: 'name', title: t('name'), render: (_, row) => <strong>{row.name}</strong> }, ...columns]}
      onRow={(row) => ({ tabIndex: 0, className: 'opens', onClick: () => open(row), onKeyDown: (event) => event.key === 'Enter' && event.target === event.currentTarget && open(row) })}
    />
  )
}
