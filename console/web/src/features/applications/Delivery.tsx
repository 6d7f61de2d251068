import { CheckCircleOutlined, KeyOutlined, QrcodeOutlined, SnippetsOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Card, Descriptions, Flex, Space } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { deliveryCode, deliveryPassword, receipt, result } from '@/client/ra'
import type { RaApplication, RaMade } from '@/client/ra'
import { Act } from '@/components/Act'
import { Loaded } from '@/components/Loaded'
import { date, minute } from '@/lib/format'
import { ask } from '@/lib/http'
import { may, useMe } from '@/lib/me'
import { useDecide } from './decide'
import { base64, makes } from './entry'
import { MadeFiles } from './MadeFiles'
import { Once, type Secret } from './Once'
import { PackageButton } from './PackageButton'

// Delivery is what came of an application and how it gets into the holder's hand.
export function Delivery({ application }: { application: RaApplication }) {
  const { t } = useTranslation('applications')
  const { data: me } = useMe()
  const hands = may(me, 'ra.deliver') && makes(application.operation)
  return (
    <Card title={t('result.title')}>
      <Flex vertical gap={16}>
        {hands ? <Handing application={application} /> : <span>{t(makes(application.operation) ? 'result.elsewhere' : 'result.done')}</span>}
      </Flex>
    </Card>
  )
}

function Handing({ application }: { application: RaApplication }) {
  const { t } = useTranslation('applications')
  const [secret, setSecret] = useState<Secret>()
  const decide = useDecide(application)
  const made = useQuery({ queryKey: ['application', application.id, 'result'], queryFn: (): Promise<RaMade> => ask(result({ path: { id: application.id } })), staleTime: Infinity })
  const { id } = application
  const central = application.key_from === 'server'
  const askPassword = async () => {
    const nonce = base64(crypto.getRandomValues(new Uint8Array(32)))
    const { password } = await ask(deliveryPassword({ path: { id }, body: { nonce } }))
    setSecret({ title: t('password'), text: password, about: t('password.about') })
  }
  return (
    <>
      <Loaded query={made}>{(all) => (
          <>
            <Descriptions
              column={1}
              size="small"
              items={[
                { key: 'serial', label: t('serial'), children: <Link to={`/certificates/${all.sign.issuer}/${all.sign.serial}`} className="code">{all.sign.serial}</Link> },
                { key: 'issuer', label: t('issuer'), children: all.sign.issuer },
                { key: 'until', label: t('validity'), children: `${date(all.sign.not_before)} – ${date(all.sign.not_after)}` },
              ]}
            />
            <MadeFiles id={id} made={all} />
          </>
        )}</Loaded>
      <Space wrap>
        <Act label={t('receipt')} icon={<SnippetsOutlined />} done={t('once.made')} run={async () => { const { code } = await ask(receipt({ path: { id } })); setSecret({ title: t('receipt'), text: code, about: t('receipt.about', { id }) }) }} />
        <Act label={t('code')} icon={<QrcodeOutlined />} title={t('code')} about={<p>{t('code.before')}</p>} done={t('once.made')} run={async () => { const { code, until } = await ask(deliveryCode({ path: { id } })); setSecret({ title: t('code'), text: code, about: t('code.about', { id, until: minute(until) }) }) }} />
        {central && <Act label={t('password')} icon={<KeyOutlined />} title={t('password')} about={<p>{t('password.before')}</p>} done={t('once.made')} run={askPassword} />}
        {central && <PackageButton application={application} />}
        {application.legal?.includes('deliver') && <Act label={t('act.deliver')} icon={<CheckCircleOutlined />} primary title={t('act.deliver')} about={<p>{t('deliver.about')}</p>} done={t('done.deliver')} run={() => decide.mutateAsync({ act: 'deliver' })} />}
      </Space>
      <Once secret={secret} onClose={() => setSecret(undefined)} />
    </>
  )
}
