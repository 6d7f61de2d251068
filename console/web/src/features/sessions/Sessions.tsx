import { Alert, Tag } from 'antd'
import { useTranslation } from 'react-i18next'
import { sessionEnd, sessions } from '@/client/console'
import type { ConsoleSessionView } from '@/client/console'
import { Act } from '@/components/Act'
import { CursorTable } from '@/components/CursorTable'
import { PageHead } from '@/components/PageHead'
import { Visible } from '@/components/Visible'
import { minute } from '@/lib/format'
import { ask, byItself } from '@/lib/http'
import { useSession } from '@/lib/session'

// Sessions are who is logged in at this console; the security administrator of its own
// place ends them.
export default function Sessions() {
  const { t } = useTranslation('sessions')
  const { view } = useSession()
  return (
    <>
      <PageHead title={t('title')} about={t('about', { minutes: Math.round(view.idle / 60) })} />
      {view.governs ? <Open /> : <Alert type="info" showIcon title={t('elsewhere')} description={t('elsewhere.text', { place: view.title })} />}
    </>
  )
}

function Open() {
  const { t } = useTranslation('sessions')
  return (
    <CursorTable<ConsoleSessionView>
      name="sessions"
      queryKey={['console-sessions']}
      load={(after) => ask(sessions({ ...byItself, query: { after, limit: 50 } }))}
      rowKey={(s) => s.id}
      refetchEvery={30_000}
      columns={[
        { key: 'name', title: t('name'), render: (_, s) => <><Visible text={s.name} /> {s.own && <Tag color="blue">{t('own')}</Tag>}</> },
        { key: 'address', title: t('address'), render: (_, s) => s.address },
        { key: 'opened', title: t('opened'), render: (_, s) => minute(s.opened) },
        { key: 'used', title: t('used'), render: (_, s) => minute(s.used) },
        { key: 'until', title: t('until'), render: (_, s) => minute(s.until) },
        { key: 'print', title: t('print'), render: (_, s) => <span className="code">{s.fingerprint.slice(0, 16)}…</span> },
        {
          key: 'act',
          title: t('act'),
          render: (_, s) => (s.own ? <span className="quiet">{t('own.end')}</span> : <Act danger size="small" label={t('end')} title={t('end.title', { name: s.name })} about={<p>{t('end.about')}</p>} done={t('end.done')} run={() => ask(sessionEnd({ path: { id: s.id } }))} refresh={[['console-sessions']]} />),
        },
      ]}
    />
  )
}
