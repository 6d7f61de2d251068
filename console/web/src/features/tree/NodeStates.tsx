import { Tooltip } from 'antd'
import { useTranslation } from 'react-i18next'
import { nodeState } from '@/client/ra'
import type { RaMe, RaNode } from '@/client/ra'
import { Act } from '@/components/Act'
import { ask } from '@/lib/http'
import { most } from './calls'

type To = 'active' | 'suspended' | 'closed'

// What may become of a node: approved, suspended and resumed, closed for good.
const next: Record<string, To[]> = { pending: ['active', 'closed'], active: ['suspended', 'closed'], suspended: ['active', 'closed'] }

// NodeStates are the acts on a node's state, for the security administrator of the level
// above; others are told who that is.
export function NodeStates({ node, mine, below }: { node: RaNode; mine: RaMe; below?: RaNode[] }) {
  const { t } = useTranslation('tree')
  const states = next[node.state] ?? []
  if (states.length === 0 || node.id === mine.node.id || mine.apart) return null
  if (!mine.rights.includes('ra.tree.approve')) return <Tooltip title={t('states.who')}><span className="quiet">{t('states.not')}</span></Tooltip>
  const count = below?.length ?? 0
  return (
    <>
      {states.map((to) => {
        const verb = node.state === 'pending' && to === 'active' ? 'approve' : to
        return (
          <Act
            key={to}
            primary={to === 'active'}
            danger={to === 'closed'}
            label={t(`act.${verb}`)}
            title={t(`act.${verb}.title`, { name: node.name })}
            about={<p>{t(`act.${verb}.about`)} {to !== 'active' && count > 0 && <strong>{t('act.below', { count, more: count >= most ? '+' : '' })}</strong>}</p>}
            done={t(`act.${verb}.done`)}
            run={() => ask(nodeState({ path: { id: node.id }, body: { state: to, version: node.version } }))}
            refresh={[['nodes']]}
          />
        )
      })}
    </>
  )
}
