import { DownloadOutlined } from '@ant-design/icons'
import { Button, Card, Descriptions, Flex, Space } from 'antd'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { CaCertificate, CaIssued } from '@/client/ca'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { fromBase64, pemOf } from '@/lib/der'
import { date } from '@/lib/format'
import { save } from '@/lib/http'

// Issued is what an order brought: the certificates, their chain, and the encryption key
// in an envelope that only the holder opens.
export function Issued({ issued, acts }: { issued: CaIssued; acts?: ReactNode }) {
  const { t } = useTranslation('orders')
  const { envelope } = issued
  return (
    <Card
      size="small"
      title={`${t('application')} ${issued.application}`}
      extra={
        <Space wrap>
          <Button size="small" icon={<DownloadOutlined />} onClick={() => save(new Blob(issued.chain.map((der) => pemOf(der, 'CERTIFICATE'))), 'chain.pem')}>
            {t('chain')}
          </Button>
          {envelope && (
            <Button size="small" icon={<DownloadOutlined />} onClick={() => save(new Blob([fromBase64(envelope.der)]), 'envelope.der')}>
              {t('envelope')}
            </Button>
          )}
        </Space>
      }
    >
      <Flex vertical gap={16}>
        <Certificate one={issued.sign} />
        {acts}
        {issued.encrypt && <Certificate one={issued.encrypt} />}
        {issued.history_waits && <span className="quiet">{t('history.waits')}</span>}
      </Flex>
    </Card>
  )
}

function Certificate({ one }: { one: CaCertificate }) {
  const { t } = useTranslation('orders')
  const der = one.der
  return (
    <Descriptions
      size="small"
      bordered
      column={{ xs: 1, lg: 2 }}
      title={<Space>{t(`role.${one.role}`)}<StateTag state={one.state} /></Space>}
      extra={der && <Button size="small" icon={<DownloadOutlined />} onClick={() => save(new Blob([pemOf(der, 'CERTIFICATE')]), `${one.role}.pem`)}>{t('certificate')}</Button>}
      items={[
        { key: 'subject', label: t('subject'), span: 'filled', children: <Visible text={one.subject} /> },
        { key: 'serial', label: t('serial'), children: <Link className="code" to={`/certificates/${one.issuer}/${one.serial}`}>{one.serial}</Link> },
        { key: 'profile', label: t('profile'), children: <Link to={`/profiles/${one.profile}`}>{one.profile}</Link> },
        { key: 'holder', label: t('holder'), children: <Visible text={one.holder} /> },
        { key: 'validity', label: t('validity'), children: `${date(one.not_before)} – ${date(one.not_after)}` },
      ]}
    />
  )
}
