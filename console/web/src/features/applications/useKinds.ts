import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { kinds } from '@/client/ra'
import type { RaKindView } from '@/client/ra'
import { ask } from '@/lib/http'

export function useKinds() {
  return useQuery({ queryKey: ['ra', 'kinds'], queryFn: () => ask(kinds()), staleTime: Infinity })
}

// useNames names fields and documents in the language of the page.
export function useNames(kind: RaKindView | undefined) {
  const { i18n } = useTranslation()
  const chinese = i18n.language === 'zh-CN'
  const of = (named: { zh: string; en: string } | undefined, raw: string) => (!named ? raw : chinese ? named.zh : named.en.charAt(0).toUpperCase() + named.en.slice(1))
  return {
    field: (name: string) => of(kind?.fields.find((one) => one.name === name), name),
    material: (sort: string) => of(kind?.materials.find((one) => one.sort === sort), sort),
  }
}
