import { useTranslation } from 'react-i18next'
import type { RaMotion } from '@/client/ra'

// titleOf is what a motion is about, in words: an announcement by its title, not by its id.
export const titleOf = (m: RaMotion, chinese: boolean) => (m.kind === 'announce' ? (chinese ? m.reason : m.detail.title_en) : m.kind === 'take-down' ? m.detail[chinese ? 'title_zh' : 'title_en'] : undefined) ?? m.object

// useObject names an object of an operation: rules of the service by their kind.
export function useObject() {
  const { t, i18n } = useTranslation('approvals')
  return (object: string) => {
    const [kind, ...edition] = object.split(' ')
    return i18n.exists(`approvals:object.${kind}`) ? [t(`object.${kind}`), ...edition].join(' ') : object
  }
}

export function useOperation() {
  const { t, i18n } = useTranslation('approvals')
  return (name: string) => (i18n.exists(`approvals:operation.${name}`) ? t(`operation.${name}`) : name)
}
