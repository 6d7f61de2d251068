import { useTranslation } from 'react-i18next'
import type { Standing } from '@/client/ca'
import { octets, span } from '@/lib/format'
import { textKeys } from './health'

function figure(check: Standing): string {
  switch (check.unit) {
    case 'seconds':
      return check.value < 1 ? `${Math.round(check.value * 1000)} ms` : span(check.value)
    case 'octets':
      return octets(check.value)
  }
  return String(Math.round(check.value))
}

// useSaid gives the words for a check: what it says, and what to do about it.
export function useSaid() {
  const { t, i18n } = useTranslation('system')
  const first = (keys: string[]) => keys.find((key) => i18n.exists(`system:${key}`))
  return (check: Standing) => {
    const says = first(textKeys(check))
    const remedy = first(textKeys(check).map((key) => `${key}.remedy`))
    return { says: says ? t(says, { value: figure(check) }) : check.says, remedy: check.level !== 'ok' && remedy ? t(remedy, { value: figure(check) }) : '' }
  }
}

// useCheckName names what is looked at.
export function useCheckName() {
  const { t, i18n } = useTranslation('system')
  return (kind: string) => (i18n.exists(`system:check.${kind}`) ? t(`check.${kind}`) : kind)
}
