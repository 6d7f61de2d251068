import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Card, Flex, Result, Space, Steps, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate, useSearchParams } from 'react-router'
import { configurationApply, configurationCheck, platform as readPlatform, serviceCertificates } from '@/client/gateway'
import type { GatewayVersioned, WirePlatformCa } from '@/client/gateway'
import { Failure } from '@/components/Failure'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { ask } from '@/lib/http'
import { gatewayKey, useConfiguration, useMay } from './configuration'
import { address, certified, complete, faults, freeListen, serving, trusted, trusting, type Fault, type Half, type Protection } from './protect'
import { ApplicationStep, DoorStep, PeopleStep, ToldStep } from './ProtectSteps'

// Protect leads somebody who has never seen a gateway to the first protected application.
// It is one conversation of two administrators: what was filled in stands in the address,
// and whoever opens it sees which half is still to do.
export default function Protect() {
  const { t } = useTranslation('gateway')
  const configuration = useConfiguration()
  const platform = useQuery({ queryKey: [...gatewayKey, 'platform'], queryFn: () => ask(readPlatform()) })
  return (
    <>
      <PageHead title={t('protect.title')} about={t('protect.about')} />
      <Loaded query={configuration}>{(current) => <Loaded query={platform}>{(cas) => <Conversation current={current} platform={cas} />}</Loaded>}</Loaded>
    </>
  )
}

const steps = ['application', 'door', 'people', 'told', 'apply'] as const
const asked: Record<string, Fault[]> = { application: ['url', 'name'], door: ['host', 'listen'], people: [], told: [], apply: [] }

function read(search: URLSearchParams, initial: string): Protection {
  const words = (name: string) => search.get(name)?.split(',').filter(Boolean) ?? []
  return {
    url: search.get('url') ?? '', name: search.get('name') ?? '', title: search.get('title') ?? '', host: search.get('host') ?? location.hostname, listen: search.get('listen') ?? initial,
    public: words('public'), level: search.get('level') === '3' ? 3 : 2, organisations: words('organisations'), hours: search.get('hours') === 'working' ? 'working' : '', told: search.has('told') ? words('told') : ['rfc9440', 'authelia'],
  }
}

function Conversation({ current, platform }: { current: GatewayVersioned; platform: WirePlatformCa[] }) {
  const { t } = useTranslation('gateway')
  const [search, setSearch] = useSearchParams()
  // What is typed is kept here; the address takes it when somebody goes on, so that it can
  // be sent to the other administrator. The suggestion of a port is made once.
  const [p, setP] = useState(() => read(search, freeListen(current.configuration)))
  const step = Math.min(Math.max(Number(search.get('step') ?? 0), 0), steps.length - 1)
  const set = (change: Partial<Protection>) => setP((now) => ({ ...now, ...change }))
  const turn = (to: number) => setSearch(Object.fromEntries([...Object.entries(p).map(([name, value]) => [name, String(value)]), ['step', String(to)]].filter(([, value]) => value !== '')))
  const wrong = faults(p)
  const [shown, setShown] = useState(false) // what is wrong is said when somebody goes on, not while typing
  const here = wrong.filter((fault) => asked[steps[step]].includes(fault))
  const go = (to: number) => {
    setShown(to > step && here.length > 0)
    if (to < step || here.length === 0) turn(to)
  }
  const props = { p, set, wrong: shown ? here : [], configuration: current.configuration, platform }
  return (
    <Flex vertical gap={20} className="protect">
      <Steps current={step} responsive items={steps.map((name) => ({ title: t(`protect.${name}`) }))} onChange={(to) => (to <= step || wrong.length === 0) && go(to)} />
      <Card>
        {steps[step] === 'application' && <ApplicationStep {...props} />}
        {steps[step] === 'door' && <DoorStep {...props} />}
        {steps[step] === 'people' && <PeopleStep {...props} />}
        {steps[step] === 'told' && <ToldStep {...props} />}
        {steps[step] === 'apply' && (wrong.length > 0 ? <Alert type="warning" showIcon title={t('protect.unfinished')} action={<Button onClick={() => turn(steps.findIndex((name) => asked[name].some((fault) => wrong.includes(fault))))}>{t('protect.back')}</Button>} /> : <Halves p={p} current={current} platform={platform} />)}
        <Flex justify="space-between" className="protect-foot">
          <Button disabled={step === 0} onClick={() => go(step - 1)}>
            {t('protect.back')}
          </Button>
          {step < steps.length - 1 && (
            <Button type="primary" onClick={() => go(step + 1)}>
              {t('protect.next')}
            </Button>
          )}
        </Flex>
      </Card>
    </Flex>
  )
}

// Halves are what each of the two administrators does, and what of it is done.
function Halves({ p, current, platform }: { p: Protection; current: GatewayVersioned; platform: WirePlatformCa[] }) {
  const { t } = useTranslation('gateway')
  const navigate = useNavigate()
  const may = useMay()
  const { configuration, version } = current
  const trust = trusting(configuration, platform, p)
  const service = serving(configuration, [], p)
  const applyTrust = async () => {
    await ask(configurationCheck({ body: trust.document }))
    await ask(configurationApply({ body: { base: version.number, note: `protect ${p.name}`, document: trust.document } }))
  }
  const applyService = async () => {
    const made = certified(configuration, p).length > 0 ? [] : await ask(serviceCertificates({ body: { name: p.name, hosts: [p.host] } }))
    const half = serving(configuration, made, p)
    await ask(configurationCheck({ body: half.document }))
    await ask(configurationApply({ body: { base: version.number, note: `protect ${p.name}`, document: half.document } }))
  }
  if (complete(trust) && complete(service)) {
    return (
      <Result
        status="success"
        title={t('protect.done')}
        subTitle={t('protect.done.about')}
        extra={
          <Space orientation="vertical" size={16}>
            <Typography.Link href={address(p)} target="_blank" rel="noreferrer" copyable className="protect-address">
              {address(p)}
            </Typography.Link>
            <Space wrap>
              <Button onClick={() => void navigate('/gateway')}>{t('title')}</Button>
              <Button onClick={() => void navigate(`/gateway/policy?tab=explain&application=${p.name}`)}>{t('explain.title')}</Button>
            </Space>
          </Space>
        }
      />
    )
  }
  return (
    <Flex vertical gap={16}>
      <HalfCard keeper="rules" half={trust} held={may.rules} apply={applyTrust} />
      <HalfCard keeper="services" half={service} held={may.services} apply={applyService} blocked={trusted(configuration) ? undefined : t('protect.first')} />
      {!(may.rules && may.services) && <Alert type="info" showIcon title={t('protect.share')} description={<Typography.Paragraph copyable={{ text: location.href }} className="code">{location.href}</Typography.Paragraph>} />}
    </Flex>
  )
}

function HalfCard({ keeper, half, held, apply, blocked }: { keeper: 'rules' | 'services'; half: Half; held: boolean; apply: () => Promise<void>; blocked?: string }) {
  const { t } = useTranslation('gateway')
  const queries = useQueryClient()
  const act = useMutation({ mutationFn: apply, onSettled: () => queries.invalidateQueries({ queryKey: gatewayKey }) })
  const done = complete(half)
  return (
    <Card size="small" title={t(`protect.half.${keeper}`)} extra={done ? <span className="good">{t('protect.half.done')}</span> : <span className="quiet">{t('protect.half.open')}</span>}>
      <ul className="protect-parts">
        {half.done.map((one) => (
          <li key={one.what + one.name}>
            <span>{one.there ? '✓' : '+'}</span> {t(`protect.part.${one.what}`)} <strong>{one.name}</strong> <span className="quiet">{one.there ? t('protect.there') : t('protect.new')}</span>
          </li>
        ))}
      </ul>
      {act.isError && <Failure error={act.error} />}
      {!done && held && (
        <Space wrap>
          <Button type="primary" loading={act.isPending} disabled={blocked !== undefined} onClick={() => !act.isPending && act.mutate()}>
            {t(`protect.half.${keeper}.apply`)}
          </Button>
          {blocked && <span className="quiet">{blocked}</span>}
        </Space>
      )}
      {!done && !held && <span className="quiet">{t(`keeper.${keeper}`)}</span>}
    </Card>
  )
}
