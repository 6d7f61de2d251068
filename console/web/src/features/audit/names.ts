import { useTranslation } from 'react-i18next'

// Acts are named by their texts where there is one, else by their own name.
export function useActName() {
  const { t, i18n } = useTranslation('audit')
  return (act: string) => (i18n.exists(`audit:act.${act}`) ? t(`act.${act}`) : act)
}
