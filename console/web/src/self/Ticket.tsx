import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { useParams } from 'react-router'
import { selfTicket } from '@/client/self'
import { Loaded } from '@/components/Loaded'
import { ask } from '@/lib/http'
import { Conversation } from './Conversation'
import { Page } from './Page'

export function Ticket() {
  const { t } = useTranslation('self')
  const { number = '' } = useParams()
  const query = useQuery({ queryKey: ['tickets', number], queryFn: () => ask(selfTicket({ body: { number } })) })
  return (
    <Page title={t('ticket', { number })} back="/tickets">
      <Loaded query={query}>{(one) => <Conversation first={one} proof={{ number }} />}</Loaded>
    </Page>
  )
}
