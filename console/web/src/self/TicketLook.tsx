import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { selfTicket } from '@/client/self'
import { ask } from '@/lib/http'
import { Conversation } from './Conversation'
import { NumberAndCode, type Proof } from './NumberAndCode'
import { LinkButton } from './LinkButton'
import { Page } from './Page'

// TicketLook is the service desk for who has no certificate at hand: ask, or go on with
// number and code.
export function TicketLook() {
  const { t } = useTranslation('self')
  const look = useMutation({ mutationFn: (proof: Proof) => ask(selfTicket({ body: proof })) })
  return (
    <Page title={t('tickets')} about={t('tickets.about')}>
      {look.data ? (
        <Conversation first={look.data} proof={look.variables} />
      ) : (
        <>
          <LinkButton to="/tickets/ask" type="primary" block>
            {t('ask')}
          </LinkButton>
          <h2>{t('tickets.look')}</h2>
          <NumberAndCode label={t('tickets.number')} act={t('tickets.open')} example="T-2026-000001" error={look.error} busy={look.isPending} onProof={look.mutate} />
        </>
      )}
    </Page>
  )
}
