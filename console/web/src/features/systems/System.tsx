import { EyeOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Card, Descriptions, Flex, Form, Input, Tag } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useParams } from 'react-router'
import { NoPage } from '@/app/NoPage'
import { me, memberAdd, memberRemove, members, nodes, systems, systemState } from '@/client/ra'
import type { RaStanding, RaSystem } from '@/client/ra'
import { Act } from '@/components/Act'
import { CursorTable } from '@/components/CursorTable'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { date, minute } from '@/lib/format'
import { ask } from '@/lib/http'
import { SystemForm } from './SystemForm'

// System is one application with how its members' certificates stand.
export default function System() {
  const { id = '' } = useParams()
  const query = useQuery({ queryKey: ['systems', 'one', id], queryFn: () => ask(systems({ query: { id } })).then((page) => page.items[0] ?? null) })
  return <Loaded query={query}>{(system) => (system ? <Shown system={system} /> : <NoPage />)}</Loaded>
}

function Shown({ system }: { system: RaSystem }) {
  const { t } = useTranslation('systems')
  const [editing, setEditing] = useState(false)
  const own = useQuery({ queryKey: ['me'], queryFn: () => ask(me()) })
  const rights = own.data?.rights ?? []
  const state = (to: 'active' | 'ended') => () => ask(systemState({ path: { id: system.id }, body: { state: to, version: system.version } }))
  const mine = system.changed_by === own.data?.name
  const node = own.data?.node
  const within = !!node && system.path.startsWith(node.path) // entries of the offices above are read only
  const ends = rights.includes('ra.systems.approve') && within
  const approves = ends && node.level !== 'lra' && !mine
  return (
    <>
      <PageHead
        title={system.name}
        about={<code>{system.id}</code>}
        acts={
          <>
            {approves && system.state === 'draft' && <Act primary label={t('approve')} title={t('approve.title', { name: system.name })} done={t('approved')} run={state('active')} refresh={[['systems']]} />}
            {ends && system.state === 'active' && <Act danger label={t('end')} title={t('end.title', { name: system.name })} done={t('ended')} run={state('ended')} refresh={[['systems']]} />}
            {own.data && system.state === 'draft' && !approves && <span className="quiet">{t('approve.who')}</span>}
            {rights.includes('ra.systems.write') && system.path === node?.path && system.state !== 'ended' && <Button onClick={() => setEditing(true)}>{t('edit')}</Button>}
          </>
        }
      />
      <Flex vertical gap={16}>
        <Card size="small" extra={<StateTag state={system.state} of="system" />} title={t('entry')}>
          <Descriptions
            size="small"
            column={{ xs: 1, md: 2 }}
            items={[
              { key: 'owner', label: t('owner'), children: <><Visible text={system.owner} /> {system.owner_code && <code>{system.owner_code}</code>}</> },
              { key: 'contact', label: t('contact'), children: <Visible text={system.contact} /> },
              { key: 'services', label: t('services'), children: system.services.map((one) => <Tag key={one}>{t(`service.${one}`)}</Tag>) },
              { key: 'kinds', label: t('kinds'), children: system.kinds.map((one) => <Tag key={one}>{t(`kind.${one}`)}</Tag>) },
              { key: 'node', label: t('node'), children: system.node },
              { key: 'reader', label: t('reader'), children: system.reader || '–' },
              { key: 'changed', label: t('changed'), children: `${minute(system.changed)} · ${system.changed_by}` },
            ]}
          />
        </Card>
        {rights.includes('ra.members.read') && <Members system={system} writes={rights.includes('ra.members.write')} />}
      </Flex>
      {editing && <SystemForm system={system} onClose={() => setEditing(false)} />}
    </>
  )
}

// Members are who uses the application. Its ministry sees how their certificates stand; each
// time it looks is written down and told, so nothing is fetched before somebody asks.
function Members({ system, writes }: { system: RaSystem; writes: boolean }) {
  const { t } = useTranslation('systems')
  const [holder, setHolder] = useState('')
  const [looking, setLooking] = useState(false)
  // Only one's own subtree is told: whether the ministry is in it is whether one may look.
  const ministry = useQuery({ queryKey: ['nodes', 'search', system.reader], queryFn: () => ask(nodes({ query: { search: system.reader, limit: 50 } })), enabled: !!system.reader })
  const mayLook = ministry.data?.items.some((node) => node.id === system.reader)
  const refresh = [['members', system.id]]
  if (system.state !== 'active') return <Card size="small" title={t('members')}><span className="quiet">{t(`members.${system.state}`)}</span></Card>
  return (
    <Card size="small" title={t('members')}>
      <Flex vertical gap={12}>
        <span className="quiet">{system.reader ? t('members.about', { node: system.reader }) : t('members.nobody')}</span>
        <Flex wrap gap={8}>
          {writes && (
            <Act label={t('member.add')} title={t('member.add')} done={t('member.added')} run={() => ask(memberAdd({ path: { id: system.id }, body: { holder: holder.trim() } }))} refresh={refresh}>
              <Form.Item name="holder" label={t('holder')} extra={t('holder.help')} rules={[{ required: true, whitespace: true, message: t('wanted') }]}>
                <Input maxLength={64} className="code" autoFocus onChange={(event) => setHolder(event.target.value)} />
              </Form.Item>
            </Act>
          )}
          {mayLook && !looking && <Button icon={<EyeOutlined />} onClick={() => setLooking(true)}>{t('members.look')}</Button>}
        </Flex>
        {looking && (
          <CursorTable<RaStanding>
            name="members"
            queryKey={['members', system.id]}
            recorded
            load={(after) => ask(members({ path: { id: system.id }, query: { after, limit: 50 } }))}
            rowKey={(row) => row.holder + row.issuer + row.serial}
            empty={t('members.empty')}
            columns={[
              { key: 'holder', title: t('holder'), render: (_, row) => <code>{row.holder}</code> },
              { key: 'kind', title: t('kind'), render: (_, row) => (row.kind ? t(`kind.${row.kind}`) : '–') },
              { key: 'serial', title: t('serial'), render: (_, row) => (row.serial ? <span className="code">{row.issuer} · {row.serial}</span> : '–') },
              { key: 'until', title: t('until'), render: (_, row) => date(row.not_after) },
              { key: 'state', title: t('state'), render: (_, row) => (row.state ? <StateTag state={row.state} /> : '–') },
              ...(writes ? [{ key: 'act', title: t('act'), render: (_: unknown, row: RaStanding) => <Act size="small" danger label={t('member.remove')} title={t('member.remove.title', { holder: row.holder })} done={t('member.removed')} run={() => ask(memberRemove({ path: { id: system.id }, body: { holder: row.holder } }))} refresh={refresh} /> }] : []),
            ]}
          />
        )}
      </Flex>
    </Card>
  )
}
