import * as api from '@/client/gateway'
import type { GatewayConfiguration } from '@/client/gateway'
import { ask } from '@/lib/http'

export type Kind = 'services' | 'applications' | 'certificates' | 'branding' | 'cas' | 'sets' | 'lists'
export const kinds: Kind[] = ['services', 'applications', 'certificates', 'branding', 'cas', 'sets', 'lists']

export type Value = Record<string, unknown> & { name: string }

interface Edit {
  base: number
  note: string
  value: Value
}

// Part is one kind of named part of a configuration: where it stands in it, how it is
// called at the API, and who keeps it.
export interface Part {
  keeper: 'services' | 'rules'
  blank: () => Value
  read: (name: string) => Promise<{ value: unknown; version: number }>
  put: (name: string, edit: Edit) => Promise<unknown>
  remove: (name: string, base: number, note: string) => Promise<unknown>
  of: (c: GatewayConfiguration) => Value[]
  within: (c: GatewayConfiguration, all: Value[]) => GatewayConfiguration
}

const at = (name: string) => ({ path: { name } })
const gone = (name: string, base: number, note: string) => ({ path: { name }, query: { base, note } })
const sent = (name: string, edit: Edit) => ({ path: { name }, body: edit as never })

export const parts: Record<Kind, Part> = {
  services: {
    keeper: 'services',
    blank: () => ({ name: '', kind: 'web', listen: ['0.0.0.0:443'], certificates: [], applications: [], clientCertificate: 'required' }),
    read: (name) => ask(api.service(at(name))),
    put: (name, edit) => ask(api.servicePut(sent(name, edit))),
    remove: (name, base, note) => ask(api.serviceDelete(gone(name, base, note))),
    of: (c) => c.services as unknown as Value[],
    within: (c, services) => ({ ...c, services: services as never }),
  },
  applications: {
    keeper: 'services',
    blank: () => ({ name: '', backend: { backends: [{ url: 'http://' }] }, identity: { sets: ['rfc9440', 'authelia'] } }),
    read: (name) => ask(api.application(at(name))),
    put: (name, edit) => ask(api.applicationPut(sent(name, edit))),
    remove: (name, base, note) => ask(api.applicationDelete(gone(name, base, note))),
    of: (c) => c.applications as unknown as Value[],
    within: (c, applications) => ({ ...c, applications: applications as never }),
  },
  certificates: {
    keeper: 'services',
    blank: () => ({ name: '', chain: '', key: 'file:' }),
    read: (name) => ask(api.certificate(at(name))),
    put: (name, edit) => ask(api.certificatePut(sent(name, edit))),
    remove: (name, base, note) => ask(api.certificateDelete(gone(name, base, note))),
    of: (c) => c.certificates as unknown as Value[],
    within: (c, certificates) => ({ ...c, certificates: certificates as never }),
  },
  branding: {
    keeper: 'services',
    blank: () => ({ name: '', look: { colour: '#0958d9', title: { zh: '', en: '' } } }),
    read: (name) => ask(api.branding(at(name))),
    put: (name, edit) => ask(api.brandingPut(sent(name, edit))),
    remove: (name, base, note) => ask(api.brandingDelete(gone(name, base, note))),
    of: (c) => (c.branding ?? []) as unknown as Value[],
    within: (c, branding) => ({ ...c, branding: branding as never }),
  },
  cas: {
    keeper: 'rules',
    blank: () => ({ name: '', anchors: '', revocation: [{ name: 'crl', kind: 'crl', url: '' }] }),
    read: (name) => ask(api.trustCa(at(name))),
    put: (name, edit) => ask(api.trustCaPut(sent(name, edit))),
    remove: (name, base, note) => ask(api.trustCaDelete(gone(name, base, note))),
    of: (c) => (c.trust.cas ?? []) as unknown as Value[],
    within: (c, cas) => ({ ...c, trust: { ...c.trust, cas: cas as never } }),
  },
  sets: {
    keeper: 'rules',
    blank: () => ({ name: '', cas: [] }),
    read: (name) => ask(api.trustSet(at(name))),
    put: (name, edit) => ask(api.trustSetPut(sent(name, edit))),
    remove: (name, base, note) => ask(api.trustSetDelete(gone(name, base, note))),
    of: (c) => (c.trust.sets ?? []) as unknown as Value[],
    within: (c, sets) => ({ ...c, trust: { ...c.trust, sets: sets as never } }),
  },
  lists: {
    keeper: 'rules',
    blank: () => ({ name: '', of: '', signers: '', url: 'https://', adopt: 'approval' }),
    read: (name) => ask(api.trustList(at(name))),
    put: (name, edit) => ask(api.trustListPut(sent(name, edit))),
    remove: (name, base, note) => ask(api.trustListDelete(gone(name, base, note))),
    of: (c) => (c.trust.lists ?? []) as unknown as Value[],
    within: (c, lists) => ({ ...c, trust: { ...c.trust, lists: lists as never } }),
  },
}

// replaced is a configuration with one part put in its place, or added at the end.
export function replaced(c: GatewayConfiguration, kind: Kind, name: string, value: Value): GatewayConfiguration {
  const { of, within } = parts[kind]
  const all = of(c)
  return within(c, all.some((one) => one.name === name) ? all.map((one) => (one.name === name ? value : one)) : [...all, value])
}

// Whether a part belongs to what the security administrator keeps decides its address.
export const placeOf = (kind: Kind, name: string) => `/gateway/${parts[kind].keeper === 'rules' ? 'trust' : 'parts'}/${kind}/${encodeURIComponent(name)}`
