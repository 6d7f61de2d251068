import { CheckCircleOutlined, ClockCircleOutlined, CloseCircleOutlined, PauseCircleOutlined } from '@ant-design/icons'
import { Card, Flex } from 'antd'
import { createElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { RaCertificate } from '@/client/self'
import { Visible } from '@/components/Visible'
import { date } from '@/lib/format'
import { standing, type Standing } from './certificates'
import { LinkButton } from './LinkButton'
import { Renew } from './Renew'

const icons: Record<Standing, typeof CheckCircleOutlined> = {
  good: CheckCircleOutlined, soon: ClockCircleOutlined, over: CloseCircleOutlined, held: PauseCircleOutlined, revoked: CloseCircleOutlined,
}

// Stands says in words how a certificate stands.
export function Stands({ certificate }: { certificate: RaCertificate }) {
  const { t } = useTranslation('self')
  const { is, days } = standing(certificate)
  return (
    <span className={`self-state self-state-${is}`}>
      {createElement(icons[is], { 'aria-hidden': true })} {t(`is.${is}`, { days: Math.max(days, 0), date: date(certificate.not_after) })}
    </span>
  )
}

export function familyOf(issuer: string, t: (key: string, options?: { defaultValue: string }) => string): string {
  return t(`family.${issuer}`, { defaultValue: issuer })
}

export function CertificateCard({ certificate }: { certificate: RaCertificate }) {
  const { t } = useTranslation('self')
  const { is } = standing(certificate)
  return (
    <Card size="small" className={`self-card self-card-${is}`}>
      <Flex vertical gap={8}>
        <Stands certificate={certificate} />
        <div>
          <strong>
            <Visible text={certificate.name} />
          </strong>{' '}
          <span className="quiet">
            <Visible text={certificate.unit} empty="" /> · {familyOf(certificate.issuer, t)}
          </span>
        </div>
        {is === 'held' && <p className="lines quiet">{t('why.self.held.help')}</p>}
        {is === 'soon' && !certificate.legal?.includes('renew') && <p className="lines quiet">{t('renew.counter')}</p>}
        <Flex gap={8} wrap>
          {certificate.legal?.includes('renew') && <Renew certificate={certificate} />}
          <LinkButton to={`/certificates/${certificate.issuer}/${certificate.serial}`}>{t('details')}</LinkButton>
        </Flex>
      </Flex>
    </Card>
  )
}
