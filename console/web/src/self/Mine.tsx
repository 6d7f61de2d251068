import { AuditOutlined, CustomerServiceOutlined, FileSearchOutlined, FileTextOutlined, PhoneOutlined, StopOutlined } from '@ant-design/icons'
import { Empty } from 'antd'
import { useTranslation } from 'react-i18next'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { useSession } from '@/lib/session'
import { CertificateCard } from './CertificateCard'
import { inOrder, standing, underWay, useApplications, useCertificates } from './certificates'
import { partOf } from './names'
import { News } from './News'
import { Tile } from './Page'
import { ProgressCard } from './ProgressCard'

// Mine is where a holder begins: the certificates, what is under way, and what else
// there is.
export function Mine() {
  const { t } = useTranslation('self')
  const { view } = useSession()
  const certificates = useCertificates()
  const applications = useApplications()
  const name = (view.shown && partOf(view.shown.subject, 'CN')) || ''
  const open = applications.data?.filter(underWay) ?? []
  return (
    <>
      <PageHead title={t('mine.title', { name })} about={t('mine.about')} />
      <div className="self-stack">
        <News />
        <section className="self-stack" aria-labelledby="mine">
          <h2 id="mine">{t('mine')}</h2>
          <Loaded query={certificates}>
            {(all) => {
              const living = inOrder(all).filter((one) => ['good', 'soon', 'held'].includes(standing(one).is))
              const ended = inOrder(all).filter((one) => !living.includes(one))
              return (
                <>
                  {living.length === 0 && <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('mine.none')} />}
                  {living.map((one) => (
                    <CertificateCard key={one.issuer + one.serial} certificate={one} />
                  ))}
                  {ended.length > 0 && (
                    <details className="self-more">
                      <summary>{t('mine.ended', { count: ended.length })}</summary>
                      <div className="self-stack">
                        {ended.map((one) => (
                          <CertificateCard key={one.issuer + one.serial} certificate={one} />
                        ))}
                      </div>
                    </details>
                  )}
                </>
              )
            }}
          </Loaded>
        </section>
        {open.length > 0 && (
          <section className="self-stack" aria-labelledby="open">
            <h2 id="open">{t('open')}</h2>
            {open.map((one) => (
              <ProgressCard key={one.number} progress={one} />
            ))}
          </section>
        )}
        <section className="self-stack" aria-labelledby="else">
          <h2 id="else">{t('else')}</h2>
          <Tile urgent to="/loss" icon={StopOutlined} title={t('loss')} text={t('loss.short')} />
          <Tile to="/applications" icon={FileSearchOutlined} title={t('applications')} text={t('applications.short')} />
          <Tile to="/ledger" icon={AuditOutlined} title={t('ledger')} text={t('ledger.short')} />
          <Tile to="/contact" icon={PhoneOutlined} title={t('contact')} text={t('contact.short')} />
          <Tile to="/tickets" icon={CustomerServiceOutlined} title={t('tickets')} text={t('tickets.own')} />
          <Tile to="/rules" icon={FileTextOutlined} title={t('rules')} text={t('rules.short')} />
        </section>
      </div>
    </>
  )
}
