import { PlusOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Tag } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { me, policies } from '@/client/ra'
import type { RaPolicy } from '@/client/ra'
import { CursorTable } from '@/components/CursorTable'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { date } from '@/lib/format'
import { ask } from '@/lib/http'
import { Propose } from './Propose'

// Policies are the published rules of the service, edition by edition.
export default function Policies() {
  const { t } = useTranslation('policies')
  const navigate = useNavigate()
  const [proposing, setProposing] = useState(false)
  const own = useQuery({ queryKey: ['me'], queryFn: () => ask(me()) })
  return (
    <>
      <PageHead title={t('title')} about={t('about')} acts={own.data?.rights.includes('ra.policy.propose') && <Button type="primary" icon={<PlusOutlined />} onClick={() => setProposing(true)}>{t('propose')}</Button>} />
      <CursorTable<RaPolicy>
        name="policies"
        queryKey={['policies']}
        load={(after) => ask(policies({ query: { after, limit: 50 } }))}
        rowKey={(row) => row.kind + row.edition}
        onOpen={(row) => void navigate(`/policies/${row.kind}/${encodeURIComponent(row.edition)}`)}
        empty={t('empty')}
        columns={[
          { key: 'kind', title: t('kind'), render: (_, row) => t(`kind.${row.kind}`) },
          { key: 'title', title: t('name'), render: (_, row) => <Visible text={row.title} /> },
          { key: 'edition', title: t('edition'), dataIndex: 'edition' },
          { key: 'oid', title: 'OID', render: (_, row) => <code>{row.oid}</code> },
          { key: 'begins', title: t('begins'), render: (_, row) => date(row.begins) },
          { key: 'state', title: t('state'), render: (_, row) => <><StateTag state={row.state} /> {row.in_force && <Tag color="green">{t('force')}</Tag>}</> },
        ]}
      />
      {proposing && <Propose onClose={() => setProposing(false)} />}
    </>
  )
}
