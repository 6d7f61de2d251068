import { EditOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Input, Select, Table, Tag } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate } from 'react-router'
import { profiles } from '@/client/ca'
import type { CaProfileView } from '@/client/ca'
import { rolesAt } from '@/app/access'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { Visible } from '@/components/Visible'
import { useFilters } from '@/lib/filters'
import { ask } from '@/lib/http'
import { useSession } from '@/lib/session'

export const useProfiles = () => useQuery({ queryKey: ['ca', 'profiles'], queryFn: () => ask(profiles()) })

export function useProposer() {
  const { view } = useSession()
  return rolesAt(view, 'ca').includes('system')
}

// List is every kind of certificate that can be had here.
export default function List() {
  const { t, i18n } = useTranslation('profiles')
  const navigate = useNavigate()
  const query = useProfiles()
  const proposer = useProposer()
  const [{ kind, words }, setFilters] = useFilters(['kind', 'words'] as const)
  const language = i18n.language === 'zh-CN' ? 'zh' : 'en'
  const fits = (row: CaProfileView) => (!kind || row.kind === kind) && (!words || `${row.name} ${row.description.zh} ${row.description.en}`.toLowerCase().includes(words.toLowerCase()))
  const open = (row: CaProfileView) => void navigate(`/profiles/${row.name}`)
  return (
    <>
      <PageHead
        title={t('title')}
        about={t('about')}
        acts={
          proposer ? (
            <Link to="/profiles/propose">
              <Button icon={<EditOutlined />}>{t('propose.title')}</Button>
            </Link>
          ) : (
            <span className="quiet">{t('propose.who')}</span>
          )
        }
      />
      <Loaded query={query}>
        {(all) => (
          <>
            <div className="filters">
              <Input.Search allowClear className="filter" aria-label={t('search')} placeholder={t('search')} defaultValue={words} onSearch={(text) => setFilters({ words: text })} />
              <Select allowClear className="filter" aria-label={t('kind')} placeholder={t('kind')} value={kind} onChange={(next?: string) => setFilters({ kind: next })} options={[...new Set(all.map((one) => one.kind))].map((value) => ({ value, label: t(`kind.${value}`) }))} />
            </div>
            <Table<CaProfileView>
              size="middle"
              rowKey="name"
              pagination={false}
              scroll={{ x: 'max-content' }}
              dataSource={all.filter(fits)}
              onRow={(row) => ({ tabIndex: 0, className: 'opens', onClick: () => open(row), onKeyDown: (event) => event.key === 'Enter' && open(row) })}
              columns={[
                { key: 'name', title: t('name'), render: (_, row) => <><strong>{row.name}</strong><div className="quiet"><Visible text={row.description[language]} /></div></> },
                { key: 'kind', title: t('kind'), render: (_, row) => t(`kind.${row.kind}`) },
                { key: 'version', title: t('version'), align: 'right', dataIndex: 'version' },
                { key: 'suites', title: t('suites'), render: (_, row) => row.suites.map((suite) => <Tag key={suite}>{suite}</Tag>) },
                { key: 'validity', title: t('validity'), render: (_, row) => (row.validity.minutes ? t('minutes', { count: row.validity.minutes }) : t('days', { count: row.validity.days })) },
                { key: 'marks', title: t('marks'), render: (_, row) => <>{row.pair && <Tag color="blue">{t('pair')}</Tag>}{row.server_key && <Tag>{t('server_key')}</Tag>}{row.half_of && <Tag>{t('half_of', { name: row.half_of })}</Tag>}</> },
              ]}
            />
          </>
        )}
      </Loaded>
    </>
  )
}
