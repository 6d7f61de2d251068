import { useQuery } from '@tanstack/react-query'
import { Alert, Empty, Timeline } from 'antd'
import { useTranslation } from 'react-i18next'
import { selfLedger } from '@/client/self'
import type { RaTouch } from '@/client/self'
import { Loaded } from '@/components/Loaded'
import { Visible } from '@/components/Visible'
import { moment } from '@/lib/format'
import { ask } from '@/lib/http'
import { every } from '@/lib/pages'
import { Page } from './Page'

// What only keeps or puts away a key harms nobody; the others opened it.
const harmless = ['key.generate', 'key.retire', 'key.destroy']

// Ledger shows each touch of the holder's escrowed keys, the newest first.
export function Ledger() {
  const { t } = useTranslation('self')
  const query = useQuery({ queryKey: ['ledger'], queryFn: () => every<RaTouch>((last) => ask(selfLedger({ query: { from: last && last.entry + 1, limit: 200 } })).then((all) => all ?? []), 200) })
  return (
    <Page title={t('ledger')} about={t('ledger.about')}>
      <Loaded query={query}>
        {(all) =>
          all.length === 0 ? (
            <Empty description={t('ledger.none')} />
          ) : (
            <>
              {all.every((one) => harmless.includes(one.act)) && <Alert type="success" showIcon title={t('ledger.quiet')} />}
              <Timeline
                items={[...all].reverse().map((one, n) => ({
                  key: n,
                  color: harmless.includes(one.act) ? 'green' : 'orange',
                  content: (
                    <>
                      <strong>{t(`touch.${one.act}`, { defaultValue: one.act })}</strong>
                      {one.result !== 'done' && <span> {t('ledger.refused')}</span>}
                      <div className="quiet">
                        {moment(one.at)} · {t('ledger.by')} <Visible text={t(`by.${one.by}`, { defaultValue: one.by })} />
                      </div>
                      {one.authority && (
                        <div>
                          {t('ledger.authority')} <Visible text={one.authority} />
                        </div>
                      )}
                      {one.reason && (
                        <div>
                          {t('ledger.reason')} <Visible text={one.reason} />
                        </div>
                      )}
                      {one.certificate && <div className="quiet code">{t('ledger.certificate', { serial: one.certificate.slice(0, 12) })}</div>}
                    </>
                  ),
                }))}
              />
            </>
          )
        }
      </Loaded>
    </Page>
  )
}
