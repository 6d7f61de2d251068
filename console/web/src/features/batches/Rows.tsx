import { useQuery } from '@tanstack/react-query'
import { Card, Empty, Segmented, Space, Table } from 'antd'
import i18next from 'i18next'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { batchRows, kinds } from '@/client/ra'
import type { RaBatch, RaRowFault } from '@/client/ra'
import { Failure } from '@/components/Failure'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { ask, byItself } from '@/lib/http'
import { allRows, linesOf, pageRows, type Line } from './rows'

const states = ['', 'faulty', 'ready', 'registered', 'failed'] as const

// said says what is wrong with a cell, and what to do, in the language of the page.
function said(fault: RaRowFault): { wrong: string; remedy: string } {
  const of = (key: string, otherwise: string) => (i18next.exists(key) ? i18next.t(key) : otherwise)
  const wrong = of(`batches:fault.${fault.code}`, of(`components:refusal.${fault.code}`, fault.wrong))
  const remedy = of(`batches:fault.${fault.code}.remedy`, of(`components:refusal.${fault.code}.remedy`, i18next.language === 'zh-CN' ? '' : (fault.remedy ?? '')))
  return { wrong, remedy }
}

// Rows are the sheet as it was judged: ten thousand rows, of which those in sight are
// drawn.
export function Rows({ batch: one }: { batch: RaBatch }) {
  const { t, i18n } = useTranslation('batches')
  const [state, setState] = useState<string>(one.faulty > 0 && one.state === 'checked' ? 'faulty' : '')
  const { data: forms } = useQuery({ queryKey: ['ra', 'kinds'], queryFn: () => ask(kinds()), staleTime: Infinity })
  const query = useQuery({
    queryKey: ['batches', 'rows', one.id, state, one.state],
    queryFn: () => allRows((after) => ask(batchRows({ path: { id: one.id }, query: { state: state || undefined, after, limit: pageRows }, ...byItself }))),
    enabled: one.state !== 'running',
    placeholderData: (before) => before,
  })
  const lines = useMemo(() => linesOf(query.data ?? []), [query.data])
  const fields = forms?.find((form) => form.kind === one.kind)?.fields
  const field = (name: string) => {
    const found = fields?.find((one) => one.name === name)
    return found ? (i18n.language === 'zh-CN' ? found.zh : found.en) : t(`column.${name}`, { defaultValue: name })
  }
  return (
    <Card
      title={t('preview')}
      extra={<Segmented aria-label={t('state')} value={state} onChange={setState} options={states.map((value) => ({ value, label: value ? t(`components:state.row.${value}`) : t('all') }))} />}
    >
      {query.isError && <Failure error={query.error} retry={() => void query.refetch()} />}
      <Table<Line>
        virtual
        size="small"
        pagination={false}
        scroll={{ x: 1080, y: 480 }}
        rowKey="key"
        loading={query.isFetching}
        dataSource={lines}
        locale={{ emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={one.state === 'running' ? t('preview.running') : t('preview.none')} /> }}
        columns={[
          { key: 'row', title: t('row'), width: 72, render: (_, line) => line.first && line.row.row },
          { key: 'name', title: t('name'), width: 180, ellipsis: true, render: (_, line) => line.first && <Visible text={line.row.name ?? line.row.fields?.name} /> },
          { key: 'state', title: t('state'), width: 104, render: (_, line) => line.first && <StateTag of="row" state={line.row.state} /> },
          { key: 'cell', title: t('cell'), width: 84, render: (_, line) => line.fault?.cell && <strong className="code">{line.fault.cell}</strong> },
          { key: 'field', title: t('field'), width: 140, ellipsis: true, render: (_, line) => line.fault?.field && field(line.fault.field) },
          { key: 'wrong', title: t('wrong'), width: 240, render: (_, line) => line.fault && <span title={said(line.fault).wrong}>{said(line.fault).wrong}</span> },
          { key: 'remedy', title: t('remedy'), width: 260, render: (_, line) => (line.fault ? said(line.fault).remedy : line.row.application && <Link to={`/applications/${line.row.application}`} className="code">{line.row.application}</Link>) },
        ]}
      />
      <Space className="below quiet" aria-live="polite">{t('preview.count', { rows: query.data?.length ?? 0 })}</Space>
    </Card>
  )
}
