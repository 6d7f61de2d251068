import { useQuery } from '@tanstack/react-query'
import { Select } from 'antd'
import { useTranslation } from 'react-i18next'
import { nodes } from '@/client/ra'
import { ask } from '@/lib/http'

// PlaceSelect chooses an office of one's subtree.
export function PlaceSelect({ value, onChange, label, className = 'filter', without }: { value?: string; onChange?: (node: string | undefined) => void; label?: string; className?: string; without?: string }) {
  const { t } = useTranslation('components')
  const { data, isPending } = useQuery({ queryKey: ['ra', 'nodes', 'first'], queryFn: () => ask(nodes({ query: { limit: 200 } })), staleTime: 60_000 })
  return (
    <Select
      allowClear
      showSearch={{ optionFilterProp: 'label' }}
      aria-label={label ?? t('place')}
      placeholder={label ?? t('place')}
      className={className}
      popupMatchSelectWidth={false}
      loading={isPending}
      value={value}
      onChange={(node?: string) => onChange?.(node)}
      options={(data?.items ?? []).filter((node) => node.id !== without).map((node) => ({ value: node.id, label: `${node.name} (${node.id})` }))}
    />
  )
}
