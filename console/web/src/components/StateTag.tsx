import { Tag } from 'antd'
import { useTranslation } from 'react-i18next'

// The colour of a state is the same everywhere: green works, orange waits for somebody,
// red is over by force, grey is over by itself.
const colours: Record<string, string> = {
  valid: 'green', issued: 'green', delivered: 'green', active: 'green', done: 'green', good: 'green', approved: 'cyan',
  submitted: 'blue', draft: 'default', reserved: 'default', open: 'blue', pending: 'blue', running: 'blue',
  returned: 'orange', held: 'orange', suspended: 'orange', warning: 'orange', confirming: 'orange',
  revoked: 'red', rejected: 'red', failed: 'red', refused: 'red', ended: 'red', critical: 'red',
  checked: 'orange', faulty: 'red', registered: 'green', ready: 'default', working: 'cyan', waiting: 'gold',
  stale: 'orange', missing: 'red', published: 'green', proposed: 'blue',
  expired: 'default', withdrawn: 'default', closed: 'default', resolved: 'green',
}

// StateTag names a state; of says whose, where the same word means different things.
export function StateTag({ state, of }: { state: string; of?: string }) {
  const { t, i18n } = useTranslation('components')
  const keys = [of && `state.${of}.${state}`, `state.${state}`].filter((key): key is string => !!key)
  const known = keys.find((key) => i18n.exists(`components:${key}`))
  return <Tag color={colours[state] ?? 'default'}>{known ? t(known) : state}</Tag>
}
