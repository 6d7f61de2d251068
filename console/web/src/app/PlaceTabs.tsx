import { Tabs } from 'antd'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import { useFilters } from '@/lib/filters'
import { useSession } from '@/lib/session'
import { placesOf, type Place, type Right } from './access'

const parameter = ['at'] as const

// usePlace is which of the places somebody looks at, of those where he holds a right. It
// stands in the address.
export function usePlace(right: Right): Place {
  const { view } = useSession()
  const [{ at }] = useFilters(parameter)
  const places = placesOf(view, right)
  return places.find((place) => place === at) ?? places[0] ?? 'ra'
}

// PlaceTabs chooses it; what else stood in the address was about the other place.
export function PlaceTabs({ right }: { right: Right }) {
  const { t } = useTranslation('app')
  const { view } = useSession()
  const place = usePlace(right)
  const [, setSearch] = useSearchParams()
  const places = placesOf(view, right)
  if (places.length < 2) return null
  return <Tabs activeKey={place} onChange={(at) => setSearch({ at })} items={places.map((key) => ({ key, label: t(`place.${key}`) }))} />
}
