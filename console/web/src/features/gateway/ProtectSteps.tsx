import { Alert, Form, Input, Radio, Select, Space, Tag } from 'antd'
import { useTranslation } from 'react-i18next'
import type { GatewayConfiguration, WirePlatformCa } from '@/client/gateway'
import { certified, type Fault, type Protection } from './protect'

interface Props {
  p: Protection
  set: (change: Partial<Protection>) => void
  wrong: Fault[]
  configuration: GatewayConfiguration
  platform: WirePlatformCa[]
}

function useFault(wrong: Fault[]) {
  const { t } = useTranslation('gateway')
  return (fault: Fault) => (wrong.includes(fault) ? { validateStatus: 'error' as const, help: t(`protect.fault.${fault}`) } : {})
}

export function ApplicationStep({ p, set, wrong }: Props) {
  const { t } = useTranslation('gateway')
  const fault = useFault(wrong)
  return (
    <Form layout="vertical" component="div">
      <Form.Item label={t('protect.url')} required extra={t('protect.url.help')} {...fault('url')}>
        <Input aria-label={t('protect.url')} autoFocus value={p.url} placeholder="http://10.0.0.1:8080" onChange={(event) => set({ url: event.target.value.trim() })} />
      </Form.Item>
      <Form.Item label={t('protect.name')} required extra={t('protect.name.help')} {...fault('name')}>
        <Input aria-label={t('protect.name')} value={p.name} placeholder="oa" maxLength={51} onChange={(event) => set({ name: event.target.value.trim().toLowerCase() })} />
      </Form.Item>
      <Form.Item label={t('protect.label')} extra={t('protect.label.help')}>
        <Input aria-label={t('protect.label')} value={p.title} maxLength={100} onChange={(event) => set({ title: event.target.value })} />
      </Form.Item>
    </Form>
  )
}

export function DoorStep({ p, set, wrong, configuration }: Props) {
  const { t } = useTranslation('gateway')
  const fault = useFault(wrong)
  const beside = configuration.services.find((one) => one.listen.includes(p.listen) && !one.applications?.includes(p.name))
  const have = certified(configuration, p)
  return (
    <Form layout="vertical" component="div">
      <Form.Item label={t('protect.host')} required extra={t('protect.host.help')} {...fault('host')}>
        <Input aria-label={t('protect.host')} value={p.host} placeholder="oa.gov.example" onChange={(event) => set({ host: event.target.value.trim() })} />
      </Form.Item>
      <Form.Item label={t('protect.listen')} required extra={t('protect.listen.help')} {...fault('listen')}>
        <Input aria-label={t('protect.listen')} value={p.listen} placeholder="0.0.0.0:443" onChange={(event) => set({ listen: event.target.value.trim() })} />
      </Form.Item>
      {beside && <Alert type="info" showIcon title={t('protect.beside', { name: beside.title || beside.name })} className="protect-note" />}
      <Form.Item label={t('protect.certificate')}>
        {have.length > 0 ? (
          <Space wrap>
            {have.map((name) => (
              <Tag key={name}>{name}</Tag>
            ))}
            <span className="quiet">{t('protect.there')}</span>
          </Space>
        ) : (
          <span>{t('protect.certificate.about')}</span>
        )}
      </Form.Item>
    </Form>
  )
}

export function PeopleStep({ p, set, platform }: Props) {
  const { t } = useTranslation('gateway')
  return (
    <Form layout="vertical" component="div">
      <Form.Item label={t('protect.trust')} extra={t('protect.trust.help')}>
        <Space wrap>
          {platform.map((one) => (
            <Tag key={one.id}>{one.id}</Tag>
          ))}
        </Space>
      </Form.Item>
      <Form.Item label={t('protect.level')}>
        <Radio.Group aria-label={t('protect.level')} className="protect-choice" value={p.level} onChange={(event) => set({ level: event.target.value as 2 })} options={[{ value: 2, label: t('protect.level.2') }, { value: 3, label: t('protect.level.3') }]} />
      </Form.Item>
      <Form.Item label={t('protect.organisations')} extra={t('protect.organisations.help')}>
        <Select aria-label={t('protect.organisations')} mode="tags" open={false} suffixIcon={null} tokenSeparators={[',', '，']} value={p.organisations} placeholder={t('protect.organisations.all')} onChange={(organisations) => set({ organisations })} />
      </Form.Item>
      <Form.Item label={t('protect.hours')}>
        <Radio.Group aria-label={t('protect.hours')} className="protect-choice" value={p.hours} onChange={(event) => set({ hours: event.target.value as '' })} options={[{ value: '', label: t('protect.hours.always') }, { value: 'working', label: t('protect.hours.working') }]} />
      </Form.Item>
      <Form.Item label={t('protect.public')} extra={t('protect.public.help')}>
        <Select aria-label={t('protect.public')} mode="tags" open={false} suffixIcon={null} tokenSeparators={[',', ' ', '，']} value={p.public} placeholder="/, /news/**" onChange={(paths) => set({ public: paths })} />
      </Form.Item>
    </Form>
  )
}

const told = [
  ['rfc9440', 'authelia'],
  ['nginx'],
  ['koal'],
  ['jit'],
  ['oauth2-proxy'],
  ['envoy'],
]

export function ToldStep({ p, set }: Props) {
  const { t } = useTranslation('gateway')
  return (
    <Form layout="vertical" component="div">
      <Form.Item label={t('protect.sets')} extra={t('protect.sets.help')}>
        <Radio.Group aria-label={t('protect.sets')} className="protect-choice" value={p.told.join(',')} onChange={(event) => set({ told: (event.target.value as string).split(',') })} options={told.map((sets) => ({ value: sets.join(','), label: <span><strong>{sets.join(' + ')}</strong> <span className="quiet">{t(`told.${sets[0]}`)}</span></span> }))} />
      </Form.Item>
    </Form>
  )
}
