import { useQuery } from '@tanstack/react-query'
import { Empty } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { selfTickets } from '@/client/self'
import { Loaded } from '@/components/Loaded'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { minute } from '@/lib/format'
import { ask } from '@/lib/http'
import { everyItem } from '@/lib/pages'
import { LinkButton } from './LinkButton'
import { Page } from './Page'

// Tickets are the holder's own questions.
export function Tickets() {
  const { t } = useTranslation('self')
  const query = useQuery({ queryKey: ['tickets'], queryFn: () => everyItem((after) => ask(selfTickets({ query: { after, limit: 200 } }))) })
  return (
    <Page title={t('tickets')} about={t('tickets.own')}>
      <LinkButton to="/tickets/ask" type="primary" block>
        {t('ask')}
      </LinkButton>
      <Loaded query={query}>
        {(all) =>
          all.length === 0 ? (
            <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('tickets.none')} />
          ) : (
            all.map((one) => (
              <Link key={one.number} to={`/tickets/${one.number}`} className="self-tile">
                <span className="self-tile-words">
                  <strong>
                    <Visible text={one.subject} />
                  </strong>
                  <span className="quiet">
                    {one.number} · {minute(one.opened)}
                  </span>
                </span>
                <StateTag of="ticket" state={one.state} />
              </Link>
            ))
          )
        }
      </Loaded>
    </Page>
  )
}
