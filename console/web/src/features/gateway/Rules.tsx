import { Empty, Space, Table, Tag, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import type { PolicyConditions, PolicyRule, PolicyRules } from '@/client/gateway'
import { Visible } from '@/components/Visible'
import { conditions } from './conditions'

// Rules are a policy to read, in the order in which they are asked.
export function Rules({ rules }: { rules: PolicyRules }) {
  const { t } = useTranslation('gateway')
  return (
    <Space orientation="vertical" className="whole-width">
      <Table<PolicyRule>
        size="middle"
        rowKey="id"
        pagination={false}
        scroll={{ x: 'max-content' }}
        dataSource={rules.rules ?? []}
        locale={{ emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('policy.none')} /> }}
        columns={[
          { key: 'n', title: '#', render: (_, __, n) => n + 1, width: 48 },
          { key: 'id', title: t('policy.rule'), render: (_, row) => <><strong>{row.id}</strong>{row.name && <div className="quiet"><Visible text={row.name} /></div>}</> },
          { key: 'effect', title: t('policy.effect'), render: (_, row) => <Effect rule={row} /> },
          { key: 'when', title: t('policy.when'), render: (_, row) => <Conditions all={row.when} /> },
          { key: 'except', title: t('policy.except'), render: (_, row) => (row.except?.length ? row.except.map((one, n) => <Conditions key={n} all={one} />) : '–') },
        ]}
      />
      <Typography.Text type="secondary">{t(`policy.default.${rules.default || 'deny'}`)}</Typography.Text>
    </Space>
  )
}

function Effect({ rule }: { rule: PolicyRule }) {
  const { t } = useTranslation('gateway')
  return (
    <Space size={4} wrap>
      <Tag color={rule.effect === 'allow' ? 'green' : 'red'}>{t(`effect.${rule.effect}`)}</Tag>
      {rule.require_level !== undefined && <Tag>{t(`level.${rule.require_level}`)}</Tag>}
      {rule.disabled && <Tag color="default">{t('policy.disabled')}</Tag>}
    </Space>
  )
}

function Conditions({ all }: { all: PolicyConditions | undefined }) {
  const { t } = useTranslation('gateway')
  const list = conditions(all)
  if (list.length === 0) return <span className="quiet">{t('policy.always')}</span>
  return (
    <ul className="conditions">
      {list.map((one) => (
        <li key={one.field}>
          <span className="quiet">{t(`condition.${one.field}`)}</span> {one.field === 'least_level' ? t(`level.${one.values[0]}`) : <Visible text={one.values.join(t('or'))} />}
        </li>
      ))}
    </ul>
  )
}
