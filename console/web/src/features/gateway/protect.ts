import type { GatewayCertificate, GatewayConfiguration, PolicyRule, WirePlatformCa } from '@/client/gateway'

// The first application behind a gateway, as 'onecert gateway protect' does it
// (cmd/internal/wire/gateway_protect.go): two halves by two administrators, each adding
// only what is not there. Same names, so that either can go on where the other stopped.

export interface Protection {
  url: string // of the application
  name: string // of application, service and certificate
  title: string
  host: string // name or address people write
  listen: string // host:port
  public: string[] // parts that need no certificate: /, /news/**
  level: 2 | 3 // any certificate, or one whose key is in hardware
  organisations: string[] // O of the certificate; none: everybody with one
  hours: '' | 'working' // Monday to Friday, 08:30 to 18:00
  told: string[]
}

export const platformTrust = 'platform'

// How long people are let in while the CA's journal cannot be followed.
const platformStale = '1h'

export interface Done {
  what: 'trust' | 'policy' | 'certificate' | 'application' | 'service'
  name: string
  there: boolean // before
}

export interface Half {
  document: GatewayConfiguration
  done: Done[]
}

export type Fault = 'url' | 'name' | 'host' | 'listen'

// faults are what is missing or wrong in what was filled in.
export function faults(p: Protection): Fault[] {
  const out: Fault[] = []
  try {
    const url = new URL(p.url)
    if (!url.host || !/^https?:$/.test(url.protocol)) out.push('url')
  } catch {
    out.push('url')
  }
  if (!/^[a-z0-9][a-z0-9-]{0,50}$/.test(p.name)) out.push('name')
  if (!/^[A-Za-z0-9.:-]+$/.test(p.host)) out.push('host')
  const port = /^(?:\[[0-9a-fA-F:]+\]|[0-9A-Za-z.-]*):(\d+)$/.exec(p.listen)?.[1]
  if (!port || Number(port) < 1 || Number(port) > 65_535) out.push('listen')
  return out
}

// address is where people go.
export function address(p: Protection): string {
  const port = p.listen.slice(p.listen.lastIndexOf(':') + 1)
  const host = p.host.includes(':') ? `[${p.host}]` : p.host
  return `https://${host}${port === '443' ? '' : ':' + port}/`
}

export function rules(p: Protection): PolicyRule[] {
  const applications = [p.name]
  const when: PolicyRule['when'] = { applications }
  if (p.organisations.length > 0) when.subject = [{ type: 'O', values: p.organisations }]
  if (p.hours === 'working') when.times = [{ weekdays: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:30', to: '18:00' }]
  const closed: PolicyRule = { id: p.name, name: p.title || undefined, effect: 'allow', require_level: p.level, when }
  return p.public.length > 0 ? [{ id: `${p.name}-public`, effect: 'allow', when: { applications, paths: p.public } }, closed] : [closed]
}

// trusting is the security administrator's half.
export function trusting(c: GatewayConfiguration, platform: WirePlatformCa[], p: Protection): Half {
  const done: Done[] = []
  const cas = [...(c.trust.cas ?? [])]
  const sets = [...(c.trust.sets ?? [])]
  for (const one of platform) {
    const name = `${platformTrust}-${one.id}`
    const there = cas.some((have) => have.name === name)
    if (!there) cas.push({ name, title: one.id, anchors: one.issuer, stale: { allowFor: platformStale }, revocation: [{ name: 'journal', kind: 'journal', issuer: one.id }] })
    done.push({ what: 'trust', name, there })
  }
  if (!sets.some((have) => have.name === platformTrust)) sets.push({ name: platformTrust, cas: platform.map((one) => `${platformTrust}-${one.id}`) })
  const policy = { ...c.policy, version: 1, rules: [...(c.policy.rules ?? [])] }
  for (const rule of rules(p)) {
    const there = policy.rules.some((have) => have.id === rule.id)
    if (!there) policy.rules.push(rule)
    done.push({ what: 'policy', name: rule.id, there })
  }
  return { document: { ...c, trust: { ...c.trust, cas, sets }, policy }, done }
}

export const trusted = (c: GatewayConfiguration) => (c.trust.sets ?? []).some((have) => have.name === platformTrust)

// certified are the certificates the configuration has for this application.
export const certified = (c: GatewayConfiguration, p: Protection) => c.certificates.filter((have) => [p.name, `${p.name}-tlcp`, `${p.name}-rsa`].includes(have.name)).map((have) => have.name)

// serving is the system administrator's half. made are certificates that were just
// ordered; without them, and with none there, the half can be shown and not be applied.
export function serving(c: GatewayConfiguration, made: GatewayCertificate[], p: Protection): Half {
  const done: Done[] = []
  const there = certified(c, p)
  const certificates = [...c.certificates, ...made]
  const shown = there.length > 0 ? there : made.map((one) => one.name)
  if (there.length === 0 && made.length === 0) done.push({ what: 'certificate', name: p.name, there: false })
  done.push(...there.map((name): Done => ({ what: 'certificate', name, there: true })), ...made.map(({ name }): Done => ({ what: 'certificate', name, there: false })))

  const applications = [...c.applications]
  const known = applications.some((have) => have.name === p.name)
  const beside = c.services.find((have) => have.listen.includes(p.listen))
  if (!known) {
    applications.push({
      name: p.name, title: p.title || undefined, backend: { backends: [{ url: p.url }] }, identity: { sets: p.told as never },
      // Behind a service that has others, the name people write tells them apart.
      ...(beside ? { hosts: [p.host] } : {}),
      ...(p.public.length > 0 ? { access: p.public.map((path) => ({ path, certificate: 'none' as const })) } : {}),
    })
  }
  done.push({ what: 'application', name: p.name, there: known })

  if (beside) {
    const behind = beside.applications?.includes(p.name) ?? false
    // First: one before it that answers to any name would never let it be asked.
    const services = c.services.map((one) => (one === beside && !behind ? { ...one, applications: [p.name, ...(one.applications ?? [])] } : one))
    done.push({ what: 'service', name: beside.name, there: behind })
    return { document: { ...c, certificates, applications, services }, done }
  }
  done.push({ what: 'service', name: p.name, there: false })
  const service = { name: p.name, title: p.title || undefined, kind: 'web' as const, listen: [p.listen], certificates: shown, trust: platformTrust, applications: [p.name], ...(p.public.length > 0 ? { clientCertificate: 'optional' as const } : {}) }
  return { document: { ...c, certificates, applications, services: [...c.services, service] }, done }
}

export const complete = (half: Half) => half.done.every((one) => one.there)

// freeListen is a host:port that is free and like those the gateway has.
export function freeListen(c: GatewayConfiguration): string {
  const taken = c.services.flatMap((one) => one.listen)
  if (!taken.some((one) => one.endsWith(':443'))) return '0.0.0.0:443'
  const ports = new Set(taken.map((one) => Number(one.slice(one.lastIndexOf(':') + 1))))
  let port = 8443
  while (ports.has(port)) port += 1
  return `0.0.0.0:${port}`
}
