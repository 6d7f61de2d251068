import { useTranslation } from 'react-i18next'
import { glances } from '@/client/ra'
import type { RaGlance } from '@/client/ra'
import { CursorTable } from '@/components/CursorTable'
import { PageHead } from '@/components/PageHead'
import { moment } from '@/lib/format'
import { ask } from '@/lib/http'

// Glances are the times when a ministry looked at how its members' certificates stand.
export default function Glances() {
  const { t } = useTranslation('holders')
  return (
    <>
      <PageHead title={t('glances')} about={t('glances.about')} />
      <CursorTable<RaGlance>
        name="glances"
        queryKey={['holders', 'glances']}
        load={(after) => ask(glances({ query: { after, limit: 50 } }))}
        rowKey={(row) => `${row.at} ${row.system} ${row.officer} ${row.path}`}
        empty={t('glances.empty')}
        columns={[
          { key: 'at', title: t('glances.at'), render: (_, row) => moment(row.at) },
          { key: 'system', title: t('system'), dataIndex: 'system' },
          { key: 'officer', title: t('glances.officer'), dataIndex: 'officer' },
          { key: 'from', title: t('glances.from'), dataIndex: 'node' },
          { key: 'node', title: t('glances.node'), render: (_, row) => row.path.split('/').filter(Boolean).at(-1) },
          { key: 'holders', title: t('glances.holders'), align: 'right', dataIndex: 'holders' },
        ]}
      />
    </>
  )
}
