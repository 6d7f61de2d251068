import { ReloadOutlined, SettingOutlined } from '@ant-design/icons'
import { useInfiniteQuery, type QueryKey } from '@tanstack/react-query'
import { Button, Checkbox, Empty, Flex, Popover, Space, Table, Tooltip, type TableColumnsType, type TableProps } from 'antd'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useStored } from '@/lib/stored'
import { Failure } from './Failure'

export interface CursorPage<T> {
  items: T[]
  after?: string
}

interface Props<T> {
  name: string // under which this browser remembers the columns
  queryKey: QueryKey
  load: (after: string | undefined) => Promise<CursorPage<T>>
  columns: (NonNullable<TableColumnsType<T>[number]> & { key: string; title: ReactNode })[]
  rowKey: (row: T) => string
  onOpen?: (row: T) => void // by click or Enter
  expanded?: (row: T) => ReactNode // shown below a row that is opened up
  selection?: TableProps<T>['rowSelection']
  filters?: ReactNode
  above?: (rows: T[]) => ReactNode // said about all rows there are
  empty?: ReactNode
  refetchEvery?: number // milliseconds
  recorded?: boolean // the server writes each load down, so none happens unasked
}

// From so many rows on only those in sight are drawn.
const virtualFrom = 200

// CursorTable shows a list that its API hands out page by page, with the columns this
// person wants.
export function CursorTable<T extends object>(props: Props<T>) {
  const { t } = useTranslation('components')
  const [hidden, setHidden] = useStored<string[]>(`columns.${props.name}`, [])
  const query = useInfiniteQuery({
    queryKey: props.queryKey,
    queryFn: ({ pageParam }) => props.load(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.after || undefined,
    refetchInterval: props.refetchEvery,
    ...(props.recorded ? { refetchOnWindowFocus: false, refetchOnReconnect: false } : {}),
  })
  const rows = query.data?.pages.flatMap((page) => page.items) ?? []
  const columns = props.columns.filter((column) => !hidden.includes(column.key))
  const virtual = rows.length > virtualFrom
  const choose = (
    <Checkbox.Group
      className="column-choice"
      options={props.columns.map((column) => ({ value: column.key, label: column.title }))}
      value={columns.map((column) => column.key)}
      onChange={(chosen) => setHidden(props.columns.map((column) => column.key).filter((key) => !chosen.includes(key)))}
    />
  )
  return (
    <Flex vertical gap={12}>
      <Flex justify="space-between" align="start" gap={8}>
        <div className="grow"><Space wrap>{props.filters}</Space></div>
        <Space>
          <Tooltip title={t('table.reload')}>
            <Button aria-label={t('table.reload')} icon={<ReloadOutlined />} onClick={() => void query.refetch()} loading={query.isFetching} />
          </Tooltip>
          <Popover content={choose} title={t('table.columns')} trigger="click" placement="bottomRight">
            <Button aria-label={t('table.columns')} icon={<SettingOutlined />} />
          </Popover>
        </Space>
      </Flex>
      {query.isError && <Failure error={query.error} retry={() => void query.refetch()} />}
      {rows.length > 0 && props.above?.(rows)}
      <Table<T>
        size="middle"
        columns={columns}
        dataSource={rows}
        rowKey={props.rowKey}
        loading={query.isPending && !query.isError}
        pagination={false}
        virtual={virtual}
        scroll={virtual ? { x: 900, y: 600 } : { x: 'max-content' }}
        rowSelection={props.selection}
        expandable={props.expanded && { expandedRowRender: props.expanded }}
        locale={{ emptyText: query.isPending ? ' ' : <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={props.empty ?? t('table.empty')} /> }}
        onRow={(row) =>
          props.onOpen
            ? { tabIndex: 0, className: 'opens', onClick: () => props.onOpen?.(row), onKeyDown: (event) => event.key === 'Enter' && event.target === event.currentTarget && props.onOpen?.(row) }
            : {}
        }
      />
      <Flex justify="space-between" align="center">
        <span className="quiet" aria-live="polite">
          {t('table.count', { count: rows.length, more: query.hasNextPage ? '+' : '' })}
        </span>
        {query.hasNextPage && (
          <Button onClick={() => void query.fetchNextPage()} loading={query.isFetchingNextPage}>
            {t('table.more')}
          </Button>
        )}
      </Flex>
    </Flex>
  )
}
