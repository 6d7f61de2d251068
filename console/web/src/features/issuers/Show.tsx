import { DownloadOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Card, Descriptions, Flex, Result } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useParams } from 'react-router'
import type { CaIssuerView, OfficerReceipt } from '@/client/ca'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { Receipt } from '@/components/Receipt'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { pemOf } from '@/lib/der'
import { date, pairs } from '@/lib/format'
import { save } from '@/lib/http'
import { fingerprintOf, validityOf } from './certificate'
import { useIssuers, useMay } from './issuer'
import { Lists } from './Lists'
import { RaiseNumber, Replace } from './Propose'

// Show is one issuing CA: its certificate, its lists, and what takes two persons.
export default function Show() {
  const { t } = useTranslation('issuers')
  const { id } = useParams() as { id: string }
  const query = useIssuers()
  return (
    <Loaded query={query}>
      {(all) => {
        const one = all.find((issuer) => issuer.id === id)
        return one ? <Issuer one={one} others={all.filter((issuer) => issuer.id !== id)} /> : <Result status="404" title={t('unknown')} />
      }}
    </Loaded>
  )
}

function Issuer({ one, others }: { one: CaIssuerView; others: CaIssuerView[] }) {
  const { t } = useTranslation('issuers')
  const may = useMay()
  const [receipt, setReceipt] = useState<OfficerReceipt>()
  return (
    <>
      <PageHead
        title={`${t('one')} ${one.id}`}
        about={<Visible text={one.subject} />}
        acts={
          may.propose ? (
            <>
              <RaiseNumber issuer={one.id} onDone={setReceipt} />
              <Replace issuer={one.id} others={others} onDone={setReceipt} />
            </>
          ) : (
            <span className="quiet">{t('propose.who')}</span>
          )
        }
      />
      <Flex vertical gap={16}>
        {receipt && <Receipt place="ca" receipt={receipt} />}
        <Certificates one={one} />
        <Lists issuer={one.id} may={may.sign} />
      </Flex>
    </>
  )
}

function Certificates({ one }: { one: CaIssuerView }) {
  const { t } = useTranslation('issuers')
  const [own] = one.chain
  const validity = validityOf(own)
  const fingerprint = useQuery({ queryKey: ['fingerprint', own], queryFn: () => fingerprintOf(own), staleTime: Infinity })
  return (
    <Card size="small" title={t('certificate')} extra={<Button size="small" icon={<DownloadOutlined />} onClick={() => save(new Blob(one.chain.map((der) => pemOf(der, 'CERTIFICATE'))), `${one.id}-chain.pem`)}>{t('chain')}</Button>}>
      <Descriptions
        size="small"
        column={{ xs: 1, lg: 2 }}
        items={[
          { key: 'suite', label: t('suite'), children: one.suite },
          { key: 'validity', label: t('validity'), children: validity ? `${date(validity.from)} – ${date(validity.to)}` : '–' },
          { key: 'counts', label: t('counts'), children: <Flex gap={8} wrap>{Object.entries(one.counts).map(([state, count]) => <span key={state}><StateTag state={state} /> {count.toLocaleString()}</span>)}</Flex> },
          { key: 'crl', label: 'CRL', children: <span className="code">{one.addresses.crl}</span> },
          { key: 'ocsp', label: 'OCSP', children: <span className="code">{one.addresses.ocsp}</span> },
          { key: 'aia', label: 'AIA', children: <span className="code">{one.addresses.aia}</span> },
          { key: 'sha', label: 'SHA-256', span: 'filled', children: <span className="code">{pairs(fingerprint.data ?? '')}</span> },
        ]}
      />
      <p className="quiet">{t('key.place')}</p>
    </Card>
  )
}
