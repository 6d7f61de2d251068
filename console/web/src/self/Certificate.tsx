import { DownloadOutlined } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { Button, Card, Descriptions, Flex, Result } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link, useParams } from 'react-router'
import { selfDownload } from '@/client/self'
import type { RaCertificate, RaCopies } from '@/client/self'
import { Failure } from '@/components/Failure'
import { Loaded } from '@/components/Loaded'
import { Visible } from '@/components/Visible'
import { date } from '@/lib/format'
import { ask, save } from '@/lib/http'
import { familyOf, Stands } from './CertificateCard'
import { standing, useCertificates } from './certificates'
import { der, pem, p7b } from './files'
import { Page } from './Page'
import { Renew } from './Renew'

type Form = 'pem' | 'chain' | 'der' | 'p7b' | 'encrypt'

function filesOf(copies: RaCopies, form: Form, name: string) {
  switch (form) {
    case 'pem':
      return save(pem([copies.sign]), `${name}.pem`)
    case 'chain':
      return save(pem([copies.sign, ...(copies.chain ?? [])]), `${name}-chain.pem`)
    case 'der':
      return save(der(copies.sign), `${name}.cer`)
    case 'p7b':
      return save(p7b([copies.sign, ...(copies.encrypt ? [copies.encrypt] : []), ...(copies.chain ?? [])]), `${name}.p7b`)
    case 'encrypt':
      return save(der(copies.encrypt ?? ''), `${name}-encryption.cer`)
  }
}

function Downloads({ certificate }: { certificate: RaCertificate }) {
  const { t } = useTranslation('self')
  const get = useMutation({
    mutationFn: async (form: Form) => {
      const copies = await ask(selfDownload({ path: { issuer: certificate.issuer, serial: certificate.serial } }))
      filesOf(copies, form, `${certificate.issuer}-${certificate.serial.slice(0, 12)}`)
    },
  })
  const forms: Form[] = ['chain', 'p7b', 'pem', 'der', ...(certificate.partner ? (['encrypt'] as const) : [])]
  return (
    <Card size="small" title={t('download')}>
      <Flex vertical gap={8}>
        <p className="quiet lines">{t('download.about')}</p>
        {forms.map((form) => (
          <Button key={form} size="large" block icon={<DownloadOutlined />} className="self-left" loading={get.isPending && get.variables === form} onClick={() => get.mutate(form)}>
            {t(`download.${form}`)}
          </Button>
        ))}
        {get.isError && <Failure error={get.error} />}
      </Flex>
    </Card>
  )
}

// Certificate is one of the holder's own.
export function Certificate() {
  const { t } = useTranslation('self')
  const { issuer, serial } = useParams()
  const query = useCertificates()
  return (
    <Page title={t('certificate')}>
      <Loaded query={query}>
        {(all) => {
          const one = all.find((each) => each.issuer === issuer && each.serial === serial)
          if (!one) return <Result status="404" title={t('certificate.none')} />
          const { is } = standing(one)
          return (
            <>
              <Card size="small" className={`self-card self-card-${is}`}>
                <Flex vertical gap={12}>
                  <Stands certificate={one} />
                  {(is === 'held' || is === 'revoked' || is === 'over') && <p className="lines">{t(is === 'held' ? 'why.self.held.help' : is === 'over' ? 'why.self.expired.help' : 'why.self.revoked.help')}</p>}
                  <Descriptions
                    column={1}
                    size="small"
                    items={[
                      { key: 'name', label: t('certificate.name'), children: <Visible text={one.name} /> },
                      { key: 'unit', label: t('certificate.unit'), children: <Visible text={one.unit} /> },
                      { key: 'family', label: t('certificate.family'), children: familyOf(one.issuer, t) },
                      { key: 'from', label: t('certificate.from'), children: date(one.not_before) },
                      { key: 'to', label: t('certificate.to'), children: date(one.not_after) },
                      { key: 'serial', label: t('certificate.serial'), children: <span className="code">{one.serial}</span> },
                    ]}
                  />
                  {one.legal?.includes('renew') ? <Renew certificate={one} /> : is === 'good' && <p className="quiet lines">{t('renew.later')}</p>}
                </Flex>
              </Card>
              <Downloads certificate={one} />
              {one.legal?.includes('freeze') && (
                <p>
                  <Link to="/loss" className="self-danger">
                    {t('certificate.lost')}
                  </Link>
                </p>
              )}
            </>
          )
        }}
      </Loaded>
    </Page>
  )
}
