import { useQuery } from '@tanstack/react-query'
import { Alert } from 'antd'
import { useTranslation } from 'react-i18next'
import { useParams } from 'react-router'
import type { GatewayConfiguration } from '@/client/gateway'
import { Loaded } from '@/components/Loaded'
import { gatewayKey, useConfiguration } from './configuration'
import { PartEditor } from './PartEditor'
import { kinds, parts, type Kind, type Value } from './parts'

// The name of what is not there yet; names of parts have no capital letter.
export const freshName = 'NEW'

export default function PartPage() {
  const { t } = useTranslation('gateway')
  const { kind, name } = useParams() as { kind: Kind; name: string }
  const configuration = useConfiguration()
  if (!kinds.includes(kind)) return <Alert type="error" showIcon title={t('kind.unknown')} />
  return <Loaded query={configuration}>{({ configuration: whole, version }) => (name === freshName ? <PartEditor key={kind} kind={kind} name="" initial={parts[kind].blank()} base={version.number} configuration={whole} /> : <Known key={kind + name} kind={kind} name={name} configuration={whole} />)}</Loaded>
}

function Known({ kind, name, configuration }: { kind: Kind; name: string; configuration: GatewayConfiguration }) {
  const part = useQuery({ queryKey: [...gatewayKey, 'part', kind, name], queryFn: () => parts[kind].read(name), staleTime: Infinity })
  return <Loaded query={part}>{({ value, version }) => <PartEditor key={version} kind={kind} name={name} initial={value as Value} base={version} configuration={configuration} />}</Loaded>
}
