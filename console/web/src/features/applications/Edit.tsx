import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Alert } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate, useParams } from 'react-router'
import { application as one } from '@/client/ra'
import type { RaApplication } from '@/client/ra'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { ask } from '@/lib/http'
import { EntryForm } from './EntryForm'
import type { Values } from './entry'
import { Returned } from './Returned'
import { useKinds } from './useKinds'

// Edit changes a draft or an application that was returned, with what the reviewer wrote
// above the form.
export default function Edit() {
  const { t } = useTranslation('applications')
  const { id = '' } = useParams()
  // As it was when the form was opened: what somebody else changes meanwhile must not
  // slip into the form.
  const query = useQuery({ queryKey: ['application', id, 'to edit'], queryFn: () => ask(one({ path: { id } })), staleTime: Infinity, gcTime: 0 })
  return (
    <>
      <PageHead title={t('edit.title')} about={<Link to={`/applications/${id}`} className="code">{id}</Link>} />
      <Loaded query={query}>{(application) => (application.legal?.includes('edit') ? <Form application={application} /> : <Alert type="warning" showIcon title={t('edit.not')} description={<Link to={`/applications/${id}`}>{t('edit.look')}</Link>} />)}</Loaded>
    </>
  )
}

function Form({ application }: { application: RaApplication }) {
  const { t } = useTranslation('applications')
  const navigate = useNavigate()
  const queries = useQueryClient()
  const kinds = useKinds()
  const { fields, issuer, serial, holder, reason, profile, days, single, key_from } = application
  return (
    <>
      <Returned application={application} />
      <Loaded query={kinds}>
        {(all) => {
          const kind = all.find((one) => one.kind === application.kind)
          if (!kind) return <Alert type="warning" title={t('kind.none')} />
          const open = Object.fromEntries(Object.entries(fields).filter(([name]) => !kind.fields.find((field) => field.name === name)?.sensitive))
          const initial: Values = { fields: open, issuer, serial, holder, reason, profile, days, single, key_from: key_from === 'server' ? 'server' : 'request' }
          return (
            <EntryForm
              kind={kind}
              operation={application.operation}
              application={application}
              initial={initial}
              onSent={() => {
                void queries.invalidateQueries({ queryKey: ['application', application.id] })
                void navigate(`/applications/${application.id}`, { replace: true })
              }}
            />
          )
        }}
      </Loaded>
    </>
  )
}
