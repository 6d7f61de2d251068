import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Select } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { nodes } from '@/client/ra'
import type { RaNode } from '@/client/ra'
import { ask } from '@/lib/http'

interface Props {
  id?: string // given by a form
  value?: string
  onChange?: (node: string | undefined) => void
  label?: string
  className?: string
  without?: string
  only?: (node: RaNode) => boolean
  disabled?: boolean
}

// PlaceSelect chooses an office of one's subtree, of which there may be thousands: what is
// typed is looked up by the registration.
export function PlaceSelect({ id, value, onChange, label, className = 'filter', without, only = () => true, disabled }: Props) {
  const { t } = useTranslation('components')
  const [search, setSearch] = useState('')
  const { data, isFetching, isPlaceholderData } = useQuery({ queryKey: ['ra', 'nodes', search], queryFn: () => ask(nodes({ query: { search: search || undefined, limit: 50 } })), staleTime: 60_000, placeholderData: keepPreviousData })
  // The chosen one keeps its name, also where what was typed then no longer finds it.
  const chosen = useQuery({ queryKey: ['ra', 'node', value], queryFn: () => ask(nodes({ query: { node: value, limit: 1 } })), enabled: !!value, staleTime: 60_000 })
  // Until the answer is there, what was found before is held against what is typed: Enter
  // must never choose an office that was not asked for.
  const meant = search.toLowerCase()
  const found = (data?.items ?? []).filter((one) => !isPlaceholderData || one.id.includes(meant) || one.name.toLowerCase().includes(meant))
  const all = [...(chosen.data?.items ?? []).filter((one) => one.id === value && !search && !found.some((other) => other.id === one.id)), ...found]
  return (
    <Select
      id={id}
      allowClear={!disabled}
      disabled={disabled}
      showSearch={{ filterOption: false, onSearch: setSearch }}
      aria-label={label ?? t('place')}
      placeholder={label ?? t('place')}
      className={className}
      popupMatchSelectWidth={false}
      loading={isFetching}
      value={value}
      onChange={(node?: string) => {
        setSearch('')
        onChange?.(node)
      }}
      options={all.filter((node) => node.id !== without && only(node)).map((node) => ({ value: node.id, label: `${node.name} (${node.id})` }))}
    />
  )
}
