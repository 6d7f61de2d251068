import { Card, Flex, Form, Input, Select } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { configurationApply, serviceCertificates } from '@/client/gateway'
import type { GatewayConfiguration } from '@/client/gateway'
import { Act } from '@/components/Act'
import { ask } from '@/lib/http'
import { gatewayKey, namePattern } from './configuration'

// CertificateOrder has the keys made on the gateway and certified by the platform's CA,
// and adds the certificates: with one click, and without a key ever travelling.
export function CertificateOrder({ base, configuration }: { base: number; configuration: GatewayConfiguration }) {
  const { t } = useTranslation('gateway')
  const navigate = useNavigate()
  const [name, setName] = useState('')
  const [hosts, setHosts] = useState<string[]>([])
  const order = async () => {
    const made = await ask(serviceCertificates({ body: { name, hosts } }))
    const names = made.map((one) => one.name)
    const document = { ...configuration, certificates: [...configuration.certificates.filter((one) => !names.includes(one.name)), ...made] }
    return ask(configurationApply({ body: { base, note: `certificate ${name}`, document } }))
  }
  return (
    <Card size="small" title={t('order.title')}>
      <p className="quiet">{t('order.about')}</p>
      <Form layout="vertical" component="div" className="part-form">
        <Form.Item label={t('order.name')} extra={t('name.help')}>
          <Input aria-label={t('order.name')} value={name} maxLength={51} onChange={(event) => setName(event.target.value)} />
        </Form.Item>
        <Form.Item label={t('order.hosts')} extra={t('order.hosts.help')}>
          <Select aria-label={t('order.hosts')} mode="tags" open={false} suffixIcon={null} tokenSeparators={[',', ' ', '，']} value={hosts} onChange={setHosts} />
        </Form.Item>
      </Form>
      <Flex>
        <Act label={t('order.act')} primary disabled={!namePattern.test(name) || hosts.length === 0} done={t('order.done')} run={order} refresh={[gatewayKey]} after={() => void navigate('/gateway/parts?part=certificates')} />
      </Flex>
    </Card>
  )
}
