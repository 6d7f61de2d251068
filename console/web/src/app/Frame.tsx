import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { App, ConfigProvider, theme } from 'antd'
import enUS from 'antd/locale/en_US'
import zhCN from 'antd/locale/zh_CN'
import dayjs from 'dayjs'
import 'dayjs/locale/zh-cn'
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Refusal } from '@/lib/refusal'
import { useStored } from '@/lib/stored'

export type Look = 'light' | 'dark' | 'auto'

interface Looks {
  look: Look
  setLook: (look: Look) => void
  dark: boolean
}

const Context = createContext<Looks>({ look: 'auto', setLook: () => undefined, dark: false })
export const useLook = () => useContext(Context)

// usePreference follows what somebody has chosen for all programs of his machine.
function usePreference(question: string): boolean {
  const query = useMemo(() => window.matchMedia(question), [question])
  const [chosen, setChosen] = useState(query.matches)
  useEffect(() => {
    const heard = () => setChosen(query.matches)
    query.addEventListener('change', heard)
    return () => query.removeEventListener('change', heard)
  }, [query])
  return chosen
}

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      // What the server decided it decides again; what did not arrive may arrive.
      retry: (failures, error) => failures < 2 && (!(error instanceof Refusal) || error.offline || error.status === 503),
      networkMode: 'always',
    },
    mutations: { retry: false, networkMode: 'always' },
  },
})

// The grounds of tags and notices stay as they are where the letters on them are darker.
const pale = { colorSuccessBg: '#f6ffed', colorSuccessBorder: '#b7eb8f', colorWarningBg: '#fffbe6', colorWarningBorder: '#ffe58f' }

const nonce = document.querySelector<HTMLMetaElement>('meta[name=nonce]')?.content

// Frame is what both consoles stand in: language, look, and the rules of queries.
export function Frame({ children }: { children: ReactNode }) {
  const { i18n } = useTranslation()
  const [look, setLook] = useStored<Look>('look', 'auto')
  const system = usePreference('(prefers-color-scheme: dark)')
  const still = usePreference('(prefers-reduced-motion: reduce)')
  const dark = look === 'dark' || (look === 'auto' && system)
  const chinese = i18n.language === 'zh-CN'
  dayjs.locale(chinese ? 'zh-cn' : 'en')
  useEffect(() => {
    document.documentElement.dataset.look = dark ? 'dark' : 'light'
  }, [dark])
  const looks = useMemo(() => ({ look, setLook, dark }), [look, setLook, dark])
  return (
    <Context value={looks}>
      <ConfigProvider
        locale={chinese ? zhCN : enUS}
        csp={{ nonce }}
        theme={{
          algorithm: dark ? theme.darkAlgorithm : theme.defaultAlgorithm,
          // The default colours are too pale for white letters (WCAG 2.2, 1.4.3); in the
          // dark, where they have to stand out from black, letters on them are black.
          // Nothing moves for who asked for that. Not by style sheet: a transition of any
          // length, given to all, takes popups away from where they were put.
          token: { ...(dark ? {} : pale), motion: !still, colorPrimary: dark ? '#3c89e8' : '#0958d9', colorPrimaryHover: dark ? '#65a9f3' : '#003eb3', colorSuccess: dark ? '#6abe39' : '#237804', colorWarning: dark ? '#e8b339' : '#874d00', colorError: dark ? '#ff8785' : '#cf1322', colorErrorHover: dark ? '#ff7875' : '#a8071a', colorLink: dark ? '#69b1ff' : '#0958d9', colorLinkHover: dark ? '#91caff' : '#003eb3', borderRadius: 6, colorTextTertiary: dark ? '#9a9a9a' : '#646464', colorTextPlaceholder: dark ? '#9a9a9a' : '#6b6b6b' },
          components: dark ? { Button: { primaryColor: '#000', dangerColor: '#000' }, Menu: { itemSelectedColor: '#91caff' }, Tabs: { itemSelectedColor: '#69b1ff', itemHoverColor: '#91caff', itemActiveColor: '#69b1ff' } } : undefined,
        }}
      >
        <App>
          <QueryClientProvider client={queries}>{children}</QueryClientProvider>
        </App>
      </ConfigProvider>
    </Context>
  )
}
