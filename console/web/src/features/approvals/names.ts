import { useTranslation } from 'react-i18next'

export function useOperation() {
  const { t, i18n } = useTranslation('approvals')
  return (name: string) => (i18n.exists(`approvals:operation.${name}`) ? t(`operation.${name}`) : name)
}
