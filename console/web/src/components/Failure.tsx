import { Alert, Button, Space, Typography } from 'antd'
import i18next from 'i18next'
import { useTranslation } from 'react-i18next'
import { Refusal } from '@/lib/refusal'

// named is what a refusal names in Chinese in brackets: the field, the document.
// A fault of a configuration begins with its field, and goes on in the server's words: what
// is wrong there has no other.
const named = (message: string) => {
  const name = /\(([\u4e00-\u9fff][^()]*)\)/.exec(message)?.[1] ?? /^[a-z]+(?:[.[][\w.[\]-]*)?: .*$/is.exec(message)?.[0]
  return name ? `：${name}` : ''
}

// told is what a server says of itself by code, in the language of the page.
export const told = (code: string, wrong: string) => (i18next.exists(`components:refusal.${code}`) ? i18next.t(`components:refusal.${code}`) + named(wrong) : wrong)

// said is what a refusal says in the language of the page: by its code where the code is
// known, in the words of the server otherwise.
export function said(error: unknown): { wrong: string; remedy: string } {
  if (!(error instanceof Refusal)) return { wrong: i18next.t('components:failure.internal'), remedy: error instanceof Error ? error.message : '' }
  const known = error.offline ? 'failure.offline' : `refusal.${error.code}`
  const wrong = error.offline ? i18next.t('components:failure.offline') : told(error.code, error.message)
  const remedy = i18next.exists(`components:${known}.remedy`) ? i18next.t(`components:${known}.remedy`) : ofCommandLine.test(error.remedy) ? '' : error.remedy
  return { wrong, remedy }
}

// Advice on the command line, its verbs and options, leads nobody on who works here.
const ofCommandLine = /'onecert |(^|\s)--[a-z]/

// Failure shows why something was not done, what to do, and the number by which the
// operator finds it in the log.
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useTranslation('components')
  const { wrong, remedy } = said(error)
  const refusal = error instanceof Refusal ? error : undefined
  return (
    <Alert
      type={refusal?.forbidden ? 'warning' : 'error'}
      showIcon
      role="alert"
      title={wrong}
      description={
        <Space orientation="vertical" size={4}>
          {remedy && <span>{remedy}</span>}
          {refusal?.faults.map((fault) => (
            <span key={fault.location + fault.message}>
              <code>{fault.location}</code> {fault.message}
            </span>
          ))}
          {refusal?.requestId && (
            <Typography.Text type="secondary" copyable={{ text: refusal.requestId }}>
              {t('failure.request')} {refusal.requestId}
            </Typography.Text>
          )}
        </Space>
      }
      action={retry && <Button onClick={retry}>{t('retry')}</Button>}
    />
  )
}
