import { useQuery } from '@tanstack/react-query'
import { Card, Steps, Timeline } from 'antd'
import { useTranslation } from 'react-i18next'
import { history_ } from '@/client/ra'
import type { RaApplication, RaKindView, RaMoment } from '@/client/ra'
import { Loaded } from '@/components/Loaded'
import { Visible } from '@/components/Visible'
import { moment } from '@/lib/format'
import { ask } from '@/lib/http'
import { makes } from './entry'
import { useNames } from './useKinds'

const way = ['draft', 'submitted', 'approved', 'issued']

// Progress is how far an application is on its way, or where it left it.
export function Progress({ application }: { application: RaApplication }) {
  const { t } = useTranslation('applications')
  const { state, operation } = application
  // Where nothing is made, nothing is handed over.
  const steps = makes(operation) ? way : way.slice(0, 3)
  const off = ({ returned: 0, withdrawn: 0, rejected: 1 } as Record<string, number>)[state]
  const at = off ?? (state === 'delivered' ? steps.length : way.indexOf(state))
  const title = (step: string, n: number) => (off === n ? t(`components:state.${state}`) : step === 'approved' && !makes(operation) ? t('step.done') : t(`step.${step}`))
  return <Steps size="small" current={at} status={off === undefined ? 'process' : 'error'} items={steps.map((step, n) => ({ title: title(step, n) }))} />
}

const colours: Record<string, string> = { return: 'orange', reject: 'red', approve: 'cyan', issue: 'green', deliver: 'green', submit: 'blue', withdraw: 'gray' }

// LifeLine is what happened, the newest first.
export function LifeLine({ application, kind }: { application: RaApplication; kind?: RaKindView }) {
  const { t, i18n } = useTranslation('applications')
  const note = useNote(kind)
  const query = useQuery({ queryKey: ['application', application.id, 'history', application.version], queryFn: () => ask(history_({ path: { id: application.id } })) })
  return (
    <Card title={t('history')}>
      <Loaded query={query}>
        {(moments) => (
          <Timeline
            items={[...moments].reverse().map((one) => ({
              key: one.number,
              color: colours[one.event] ?? 'blue',
              content: (
                <>
                  <div>
                    <b>{i18n.exists(`applications:event.${one.event}`) ? t(`event.${one.event}`) : one.event}</b> <Visible text={one.actor} /> <span className="quiet">{one.node}</span>
                  </div>
                  <div className="quiet">{moment(one.at)}</div>
                  {one.note && <div className="moment-note">{note(one)}</div>}
                </>
              ),
            }))}
          />
        )}
      </Loaded>
    </Card>
  )
}

// useNote says in the language of the page what the registration notes by itself.
function useNote(kind?: RaKindView) {
  const { t } = useTranslation('applications')
  const names = useNames(kind)
  return (one: RaMoment) => {
    const [, act, sort, hash] = /^(attached|detached) (\S+) ([0-9a-f]{64})$/.exec(one.note ?? '') ?? []
    if (act) return t(`note.${act}`, { document: names.material(sort), hash: hash.slice(0, 12) })
    const changed = /^changed ([a-z_, ]+)$/.exec(one.note ?? '')?.[1]
    if (changed === 'nothing') return t('note.nothing')
    if (changed) return t('note.changed', { list: changed.split(', ').map(names.field).join(t('comma')) })
    return <Visible text={one.note} />
  }
}
