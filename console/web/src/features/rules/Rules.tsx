import { PlusOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Alert, Button, Progress, Space, Switch, Tag } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { me, rules, ruleSet } from '@/client/ra'
import type { RaRule } from '@/client/ra'
import { Act } from '@/components/Act'
import { CursorTable } from '@/components/CursorTable'
import { PageHead } from '@/components/PageHead'
import { date, daysUntil } from '@/lib/format'
import { ask } from '@/lib/http'
import { RuleForm } from './RuleForm'

// Rules may review in a person's place: few kinds, few operations, a quota and an end.
export default function Rules() {
  const { t } = useTranslation('rules')
  const own = useQuery({ queryKey: ['me'], queryFn: () => ask(me()) })
  const [open, setOpen] = useState<RaRule | 'new'>()
  const sets = own.data?.rights.includes('ra.rules.write')
  return (
    <>
      <PageHead title={t('title')} about={t('about')} acts={sets && <Button type="primary" icon={<PlusOutlined />} onClick={() => setOpen('new')}>{t('new')}</Button>} />
      {own.data && !sets && <Alert type="info" showIcon className="aside" title={t('who')} />}
      <CursorTable<RaRule>
        name="rules"
        queryKey={['rules']}
        load={(after) => ask(rules({ query: { after, limit: 100 } }))}
        rowKey={(rule) => rule.name}
        empty={t('empty')}
        columns={[
          { key: 'name', title: t('name'), render: (_, rule) => <code>{rule.name}</code> },
          { key: 'node', title: t('node'), dataIndex: 'node' },
          { key: 'operations', title: t('operations'), render: (_, rule) => <Space wrap size={4}>{rule.operations.map((one) => <Tag key={one}>{t(`operation.${one}`)}</Tag>)}</Space> },
          { key: 'kinds', title: t('kinds'), render: (_, rule) => <Space wrap size={4}>{rule.kinds.map((one) => <Tag key={one}>{t(`kind.${one}`)}</Tag>)}</Space> },
          { key: 'used', title: t('used'), width: 160, render: (_, rule) => <Progress percent={Math.floor((100 * rule.used) / rule.quota)} size="small" format={() => `${rule.used} / ${rule.quota}`} aria-label={t('used')} /> },
          { key: 'until', title: t('until'), render: (_, rule) => <>{date(rule.until)} {(daysUntil(rule.until) ?? 0) < 0 && <Tag color="error">{t('over')}</Tag>}</> },
          { key: 'by', title: t('by'), render: (_, rule) => `${date(rule.changed)} · ${rule.changed_by}` },
          { key: 'active', title: t('active'), render: (_, rule) => (sets ? <Turn rule={rule} /> : <Switch checked={rule.active} disabled aria-label={t('active')} />) },
          ...(sets ? [{ key: 'act', title: t('act'), render: (_: unknown, rule: RaRule) => <Button size="small" onClick={() => setOpen(rule)}>{t('edit')}</Button> }] : []),
        ]}
      />
      {open && own.data && <RuleForm rule={open === 'new' ? undefined : open} node={own.data.node.id} onClose={() => setOpen(undefined)} />}
    </>
  )
}

function Turn({ rule }: { rule: RaRule }) {
  const { t } = useTranslation('rules')
  const to = !rule.active
  return (
    <Space>
      <Tag color={rule.active ? 'green' : 'default'}>{t(rule.active ? 'on' : 'off')}</Tag>
      <Act size="small" danger={!to} label={t(to ? 'turn.on' : 'turn.off')} title={t(to ? 'turn.on.title' : 'turn.off.title', { name: rule.name })} about={<p>{t(to ? 'turn.on.about' : 'turn.off.about', { quota: rule.quota })}</p>} done={t(to ? 'turned.on' : 'turned.off')} run={() => ask(ruleSet({ body: { ...rule, active: to } }))} refresh={[['rules']]} />
    </Space>
  )
}
