import { useTranslation } from 'react-i18next'
import type { Standing } from '@/client/ca'
import { octets, span } from '@/lib/format'
import { textKeys } from './health'

// figure is the value of a check with its unit, in the words of the language.
function figure(check: Standing, unit: (name: string) => string): string {
  switch (check.unit) {
    case 'seconds':
      return check.value < 1 ? `${Math.round(check.value * 1000)} ms` : spoken(check.value, unit)
    case 'octets':
      return octets(check.value)
  }
  return String(Math.round(check.value))
}

export const spoken = (seconds: number, unit: (name: string) => string) => span(seconds).replace(/ (d|h|min|s)\b/g, (_, name: string) => ' ' + unit(name))

// useSaid gives the words for a check: what it says, and what to do about it.
export function useSaid() {
  const { t, i18n } = useTranslation('system')
  const first = (keys: string[]) => keys.find((key) => i18n.exists(`system:${key}`))
  return (check: Standing) => {
    const says = first(textKeys(check))
    const remedy = first(textKeys(check).map((key) => `${key}.remedy`))
    return { says: says ? t(says, { value: figure(check, (name) => t(`unit.${name}`)) }) : check.says, remedy: check.level !== 'ok' && remedy ? t(remedy, { value: figure(check, (name) => t(`unit.${name}`)) }) : '' }
  }
}

// useCheckName names what is looked at.
export function useCheckName() {
  const { t, i18n } = useTranslation('system')
  return (kind: string) => (i18n.exists(`system:check.${kind}`) ? t(`check.${kind}`) : kind)
}
