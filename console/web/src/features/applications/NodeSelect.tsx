import { useQuery } from '@tanstack/react-query'
import { Select } from 'antd'
import { useTranslation } from 'react-i18next'
import { nodes } from '@/client/ra'
import { ask } from '@/lib/http'

// NodeSelect chooses an office of one's subtree.
export function NodeSelect({ value, onChange }: { value?: string; onChange: (node: string | undefined) => void }) {
  const { t } = useTranslation('applications')
  const { data, isPending } = useQuery({ queryKey: ['ra', 'nodes', 'first'], queryFn: () => ask(nodes({ query: { limit: 200 } })), staleTime: 60_000 })
  return (
    <Select
      allowClear
      showSearch={{ optionFilterProp: 'label' }}
      aria-label={t('node')}
      placeholder={t('node')}
      className="filter"
      popupMatchSelectWidth={false}
      loading={isPending}
      value={value}
      onChange={(node?: string) => onChange(node)}
      options={(data?.items ?? []).map((node) => ({ value: node.id, label: `${node.name} (${node.id})` }))}
    />
  )
}
