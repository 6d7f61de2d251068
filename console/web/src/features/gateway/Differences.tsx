import { Empty, Table, Tag } from 'antd'
import { useTranslation } from 'react-i18next'
import type { GatewayDifference } from '@/client/gateway'

const colours = { added: 'green', removed: 'red', changed: 'blue' }

// Differences is what is different in two versions, part by part and field by field.
export function Differences({ differences }: { differences: GatewayDifference[] }) {
  const { t, i18n } = useTranslation('gateway')
  if (differences.length === 0) return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('differences.none')} />
  const kind = (name: string) => (i18n.exists(`gateway:part.${name}`) ? t(`part.${name}`) : name)
  return (
    <Table
      size="small"
      pagination={false}
      rowKey={(row) => `${row.kind} ${row.name}`}
      dataSource={differences}
      scroll={{ x: 'max-content' }}
      columns={[
        { key: 'kind', title: t('differences.part'), render: (_, row) => (row.kind === row.name ? kind(row.kind) : `${kind(row.kind)} ${row.name}`) },
        { key: 'what', title: t('differences.what'), render: (_, row) => <Tag color={colours[row.what]}>{t(`differences.${row.what}`)}</Tag> },
      ]}
      expandable={{
        defaultExpandAllRows: differences.length < 6,
        rowExpandable: (row) => (row.fields?.length ?? 0) > 0,
        expandedRowRender: (row) => (
          <ul className="difference">
            {row.fields?.map((field) => (
              <li key={field.field}>
                <code>{field.field}</code>
                {field.before !== undefined && <del className="code">{field.before}</del>}
                {field.after !== undefined && <ins className="code">{field.after}</ins>}
              </li>
            ))}
          </ul>
        ),
      }}
    />
  )
}
