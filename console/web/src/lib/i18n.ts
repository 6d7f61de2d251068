import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'

export type Language = 'zh-CN' | 'en-US'
export const languages: Language[] = ['zh-CN', 'en-US']
type Texts = Record<string, string>

// Each feature brings its own texts, text.zh.ts and text.en.ts; its folder is the
// namespace. tests/text.test.ts sees that none is missing in either language.
const zh = import.meta.glob<{ default: Texts }>(['../features/*/text.zh.ts', '../app/text.zh.ts', '../components/text.zh.ts', '../self/text.zh.ts'], { eager: true })
const en = import.meta.glob<{ default: Texts }>(['../features/*/text.en.ts', '../app/text.en.ts', '../components/text.en.ts', '../self/text.en.ts'], { eager: true })

function gathered(files: Record<string, { default: Texts }>): Record<string, Texts> {
  return Object.fromEntries(Object.entries(files).map(([path, file]) => [path.split('/').at(-2), file.default]))
}

const stored = 'onecert.language'

export function chosenLanguage(): Language {
  const kept = localStorage.getItem(stored)
  if (kept === 'zh-CN' || kept === 'en-US') return kept
  return navigator.language.startsWith('zh') ? 'zh-CN' : navigator.language.startsWith('en') ? 'en-US' : 'zh-CN'
}

export function chooseLanguage(language: Language) {
  localStorage.setItem(stored, language)
  document.documentElement.lang = language
  void i18next.changeLanguage(language)
}

export function startTexts() {
  document.documentElement.lang = chosenLanguage()
  return i18next.use(initReactI18next).init({
    lng: chosenLanguage(),
    fallbackLng: false,
    resources: { 'zh-CN': gathered(zh), 'en-US': gathered(en) },
    defaultNS: 'components',
    fallbackNS: ['components', 'app'],
    keySeparator: false,
    nsSeparator: ':',
    interpolation: { escapeValue: false }, // React escapes
    saveMissing: import.meta.env.DEV,
  })
}
