import { Alert, Collapse, Tag } from 'antd'
import { useTranslation } from 'react-i18next'
import type { RaNode, RaRights } from '@/client/ra'
import { affected, changeOf, narrowed, type Change, type Difference, type Effective } from './effect'

// EffectShown says before saving what a change of rights adds and takes away, here and
// below.
export function EffectShown({ above, node, next, below }: { above: Effective; node: RaNode; next: RaRights; below: RaNode[] }) {
  const { t } = useTranslation('tree')
  const own = changeOf(narrowed(above, node.rights), narrowed(above, next))
  const hit = affected(above, node, next, below)
  if (!own) return <Alert type="info" showIcon title={t('effect.none')} />
  const takes = [own.operations, own.profiles].some((one) => one.taken.length > 0) || own.subject.added.length > 0
  return (
    <Alert
      type={takes ? 'warning' : 'info'}
      showIcon
      title={t('effect')}
      description={
        <>
          <Lines change={own} />
          {below.length > 0 && <p>{t('effect.below', { count: hit.length, all: below.length })}</p>}
          {hit.length > 0 && <Collapse size="small" items={[{ key: 'which', label: t('effect.which'), children: hit.slice(0, 50).map(({ node: one, change }) => <div key={one.id}><strong>{one.name}</strong>（{one.id}）<Lines change={change} /></div>) }]} />}
        </>
      }
    />
  )
}

function Lines({ change }: { change: Change }) {
  const { t, i18n } = useTranslation('tree')
  const name = (one: string) => (one === '*' ? t('effect.all') : i18n.exists(`tree:operation.${one}`) ? t(`operation.${one}`) : one)
  const lines: [string, Difference][] = [['operations', change.operations], ['profiles', change.profiles], ['subject', change.subject]]
  return (
    <ul>
      {lines.map(([what, { added, taken }]) => (
        <li key={what} hidden={added.length + taken.length === 0}>
          {t(what)}: {added.map((one) => <Tag key={'+' + one} color="green">+ {name(one)}</Tag>)} {taken.map((one) => <Tag key={'-' + one} color="red">− {name(one)}</Tag>)}
        </li>
      ))}
      {change.quota && <li>{t('quota')}: {change.quota.before ?? t('quota.none')} → {change.quota.after ?? t('quota.none')}</li>}
      {change.grace && <li>{t('grace')}: {change.grace.before} → {change.grace.after}</li>}
    </ul>
  )
}
