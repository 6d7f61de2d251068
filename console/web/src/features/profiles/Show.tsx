import { EditOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Card, Descriptions, Empty, Flex, Result, Select, Space, Table, Tabs, Tag } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useParams } from 'react-router'
import type { CaProfileVersion, CaProfileView, CaSubjectRule } from '@/client/ca'
import { Difference } from '@/components/Difference'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { versionsOf } from '@/components/versions'
import { Visible } from '@/components/Visible'
import { minute } from '@/lib/format'
import { useProfiles, useProposer } from './List'

// Show is one profile as people read it, and every version there ever was.
export default function Show() {
  const { t, i18n } = useTranslation('profiles')
  const { name } = useParams() as { name: string }
  const query = useProfiles()
  const proposer = useProposer()
  const language = i18n.language === 'zh-CN' ? 'zh' : 'en'
  return (
    <Loaded query={query}>
      {(all) => {
        const one = all.find((profile) => profile.name === name)
        if (!one) return <Result status="404" title={t('unknown')} />
        return (
          <>
            <PageHead
              title={one.name}
              about={<Visible text={one.description[language]} />}
              acts={
                proposer && (
                  <Link to={`/profiles/propose?from=${one.name}`}>
                    <Button icon={<EditOutlined />}>{t('propose.this')}</Button>
                  </Link>
                )
              }
            />
            <Tabs
              items={[
                { key: 'rules', label: t('rules'), children: <Rules one={one} /> },
                { key: 'versions', label: t('versions'), children: <Versions name={name} /> },
              ]}
            />
          </>
        )
      }}
    </Loaded>
  )
}

const tags = (all: string[] | undefined, none: string) => (all?.length ? all.map((one) => <Tag key={one}>{one}</Tag>) : none)

function Rules({ one }: { one: CaProfileView }) {
  const { t } = useTranslation('profiles')
  const yes = (value: boolean | undefined) => t(value ? 'yes' : 'no')
  const { validity } = one
  return (
    <Flex vertical gap={16}>
      <Card size="small" title={t('basic')}>
        <Descriptions
          size="small"
          column={{ xs: 1, md: 2 }}
          items={[
            { key: 'kind', label: t('kind'), children: t(`kind.${one.kind}`) },
            { key: 'version', label: t('version'), children: one.version },
            { key: 'suites', label: t('suites'), children: tags(one.suites, '–') },
            { key: 'validity', label: t('validity'), children: validity.minutes ? t('minutes', { count: validity.minutes }) : t('validity.of', { days: validity.days, most: validity.max_days }) },
            { key: 'pair', label: t('pair'), children: one.pair ? <Space wrap><Link to={`/profiles/${one.pair.profile}`}>{one.pair.profile}</Link>{tags(one.pair.suites, '')}{one.pair.optional && t('pair.optional')}</Space> : t('no') },
            { key: 'one', label: t('one_per_holder'), children: yes(one.one_per_holder) },
            { key: 'server', label: t('server_key'), children: yes(one.server_key) },
            { key: 'published', label: t('published'), children: yes(one.published) },
          ]}
        />
      </Card>
      <Card size="small" title={t('subject')}>
        <Table<CaSubjectRule>
          size="small"
          rowKey="type"
          pagination={false}
          dataSource={one.subject}
          columns={[
            { key: 'type', title: t('attribute'), render: (_, row) => <><strong>{row.type}</strong> <span className="quiet">{t(`attribute.${row.type}`, { defaultValue: '' })}</span></> },
            { key: 'rule', title: t('rule'), render: (_, row) => (row.fixed ? t('fixed', { value: row.fixed }) : row.holder ? t('from.holder') : t(row.required ? 'required' : 'optional')) },
            { key: 'max', title: t('max'), align: 'right', render: (_, row) => row.max ?? 1 },
          ]}
        />
        <p>
          <span className="quiet">{t('alt_names')}</span> {one.alt_names.kinds?.length ? <>{tags(one.alt_names.kinds, '')} {t('alt_names.max', { count: one.alt_names.max ?? 1 })} {one.alt_names.required && t('required')}</> : t('alt_names.none')}
        </p>
      </Card>
      <Card size="small" title={t('extensions')}>
        <Descriptions
          size="small"
          column={1}
          items={[
            { key: 'usage', label: t('key_usage'), children: tags(one.key_usage, '–') },
            { key: 'extended', label: t('ext_key_usage'), children: <>{tags(one.ext_key_usage, '–')} {one.ext_key_usage_critical && t('critical')}</> },
            { key: 'policies', label: t('policies'), children: tags(one.policies, '–') },
            { key: 'cps', label: 'CPS', children: one.cps || '–' },
            { key: 'private', label: t('private_extensions'), children: one.private_extensions?.length ? one.private_extensions.map((each) => <div key={each.oid}><Tag>{each.name}</Tag><span className="code">{each.oid}</span> {each.off ? t('off') : t(each.required ? 'required' : 'optional')}</div>) : '–' },
            { key: 'hash', label: 'SHA-256', children: <span className="code">{one.hash}</span> },
          ]}
        />
      </Card>
    </Flex>
  )
}

function Versions({ name }: { name: string }) {
  const query = useQuery({ queryKey: ['ca', 'profile-versions', name], queryFn: () => versionsOf(name) })
  return <Loaded query={query}>{(all) => <History all={all} />}</Loaded>
}

// History is the versions, and the lines in which two of them differ.
function History({ all }: { all: CaProfileVersion[] }) {
  const { t } = useTranslation('profiles')
  const [from, setFrom] = useState(all[1]?.version)
  const [to, setTo] = useState(all[0]?.version)
  const text = (version: number | undefined) => all.find((one) => one.version === version)?.yaml ?? ''
  const options = all.map((one) => ({ value: one.version, label: `${t('version')} ${one.version}` }))
  return (
    <Flex vertical gap={16}>
      <Table<CaProfileVersion>
        size="small"
        rowKey="version"
        pagination={false}
        scroll={{ x: 'max-content' }}
        dataSource={all}
        locale={{ emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} /> }}
        columns={[
          { key: 'version', title: t('version'), render: (_, row) => <strong>{row.version}</strong> },
          { key: 'added', title: t('added'), render: (_, row) => minute(row.added) },
          { key: 'by', title: t('added_by'), render: (_, row) => <Visible text={row.added_by} /> },
          { key: 'approval', title: t('approval'), render: (_, row) => (row.approval ? <Link to={`/approvals/ca/${row.approval}`}>{t('approval.look')}</Link> : t('approval.none')) },
          { key: 'hash', title: 'SHA-256', render: (_, row) => <span className="code" title={row.hash}>{row.hash.slice(0, 16)}…</span> },
        ]}
      />
      <Card
        size="small"
        title={
          <Space wrap>
            {all.length > 1 ? t('compare') : t('text')}
            {all.length > 1 && <><Select size="small" aria-label={t('compare.from')} value={from} options={options} onChange={setFrom} />→<Select size="small" aria-label={t('compare.to')} value={to} options={options} onChange={setTo} /></>}
          </Space>
        }
      >
        {all.length > 1 ? <Difference before={text(from)} after={text(to)} /> : <pre className="code yaml">{text(to)}</pre>}
      </Card>
    </Flex>
  )
}
