import { Table } from 'antd'
import { useTranslation } from 'react-i18next'
import type { Standing } from '@/client/ca'
import { minute } from '@/lib/format'
import { splitName, worstFirst } from './health'
import { Level } from './Level'
import { useCheckName, useSaid } from './Said'

// Checks are the items of a component's health, the worst first, each with what to do.
export function Checks({ checks }: { checks: Standing[] }) {
  const { t } = useTranslation('system')
  const said = useSaid()
  const named = useCheckName()
  return (
    <Table<Standing>
      size="small"
      rowKey="name"
      dataSource={worstFirst(checks)}
      pagination={checks.length > 20 ? { pageSize: 20, hideOnSinglePage: true, showSizeChanger: false } : false}
      scroll={{ x: 'max-content' }}
      columns={[
        { key: 'level', title: t('level'), width: 90, render: (_, check) => <Level level={check.level} /> },
        {
          key: 'name',
          title: t('check'),
          width: 260,
          render: (_, check) => {
            const { kind, which } = splitName(check.name)
            return (
              <>
                {named(kind)} {which && <code className="quiet">{which}</code>}
              </>
            )
          },
        },
        {
          key: 'says',
          title: t('says'),
          render: (_, check) => {
            const { says, remedy } = said(check)
            return (
              <>
                {says}
                {remedy && <div className="quiet">{remedy}</div>}
              </>
            )
          },
        },
        { key: 'since', title: t('since'), width: 150, render: (_, check) => minute(check.since) },
      ]}
    />
  )
}
