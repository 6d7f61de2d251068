import { Alert } from 'antd'
import { useTranslation } from 'react-i18next'
import { Failure } from '@/components/Failure'
import { Refusal } from '@/lib/refusal'

const explained: Record<string, string> = {
  'enrolment.unknown': 'unknown.help',
  'enrolment.expired': 'expired.help',
  'enrolment.used': 'used.help',
  'altname.missing': 'component.help', // only what is issued for a host needs its name
}

// NotTaken is why a code did not work, and whom to turn to.
export function NotTaken({ error }: { error: unknown }) {
  const { t } = useTranslation('enrolment')
  const refusal = error instanceof Refusal ? error : undefined
  const help = refusal?.offline ? 'offline.help' : explained[refusal?.code ?? '']
  return (
    <>
      <Failure error={error} />
      {help && <Alert type="info" className="enrolment-help" title={<span className="lines">{t(help)}</span>} />}
    </>
  )
}
