import type { Kind } from './parts'

// What the forms of parts ask for. Whatever is not here can be written in the second tab,
// as the API takes it, and is kept by the form.
export interface Field {
  path: string // where it stands in the part: backend.check.path
  as: 'text' | 'long' | 'pem' | 'number' | 'switch' | 'choice' | 'choices' | 'words' | 'rows' | 'colour' | 'image'
  options?: readonly string[]
  from?: 'applications' | 'certificates' | 'sets' | 'cas' | 'lists' | 'branding' // names that the configuration has
  fields?: Field[] // of a row
  only?: { path: string; is: string } // asked for where another field says so
  empty?: string // what stands in an empty field: what is meant then
  required?: boolean
}

export interface Section {
  key: string
  fields: Field[]
  folded?: boolean
}

const ask = ['required', 'optional', 'none'] as const
const web = { path: 'kind', is: 'web' }
const tcp = { path: 'kind', is: 'tcp' }

export const sections: Record<Kind, Section[]> = {
  services: [
    {
      key: 'basic',
      fields: [
        { path: 'title', as: 'text' },
        { path: 'kind', as: 'choice', options: ['web', 'tcp'], required: true },
        { path: 'listen', as: 'words', empty: '0.0.0.0:443', required: true },
        { path: 'certificates', as: 'choices', from: 'certificates', required: true },
        { path: 'protocols', as: 'choices', options: ['tls1.2', 'tls1.3', 'tlcp'], empty: 'tls1.2, tls1.3, tlcp' },
      ],
    },
    {
      key: 'who',
      fields: [
        { path: 'clientCertificate', as: 'choice', options: ask, empty: 'required' },
        { path: 'trust', as: 'choice', from: 'sets' },
        { path: 'nameAuthorities', as: 'switch' },
        { path: 'login.url', as: 'text', only: web, empty: 'https://' },
        { path: 'loginFor', as: 'words', only: web, empty: 'https://' },
      ],
    },
    {
      key: 'behind',
      fields: [
        { path: 'applications', as: 'choices', from: 'applications', only: web },
        { path: 'target.application', as: 'text', only: tcp },
        { path: 'target.backends', as: 'words', only: tcp, empty: '10.0.0.1:5432' },
        { path: 'target.proxyProtocol', as: 'switch', only: tcp },
        { path: 'target.dial', as: 'text', only: tcp, empty: '5s' },
        { path: 'target.idle', as: 'text', only: tcp, empty: '1h' },
        { path: 'branding', as: 'choice', from: 'branding', only: web },
        { path: 'trustedProxies', as: 'words', empty: '10.0.0.0/8' },
      ],
    },
    {
      key: 'limits',
      folded: true,
      fields: [
        { path: 'groups', as: 'choices', options: ['X25519', 'P-256', 'P-384', 'X25519MLKEM768'], empty: 'X25519, P-256' },
        { path: 'limits.connections', as: 'number', empty: '20000' },
        { path: 'limits.handshakes', as: 'number', empty: '1024' },
        { path: 'limits.header', as: 'text', empty: '10s' },
        { path: 'limits.headerBytes', as: 'number', empty: '65536' },
        { path: 'limits.idle', as: 'text', empty: '2m' },
      ],
    },
  ],
  applications: [
    {
      key: 'basic',
      fields: [
        { path: 'title', as: 'text' },
        { path: 'hosts', as: 'words', empty: '*' },
        { path: 'prefix', as: 'text', empty: '/' },
        { path: 'strip', as: 'switch' },
        { path: 'foldCase', as: 'switch' },
      ],
    },
    { key: 'access', fields: [{ path: 'access', as: 'rows', fields: [{ path: 'path', as: 'text', empty: '/public**' }, { path: 'certificate', as: 'choice', options: ask, required: true }, { path: 'methods', as: 'words', empty: 'GET, POST …' }] }] },
    {
      key: 'backend',
      fields: [
        { path: 'backend.backends', as: 'rows', required: true, fields: [{ path: 'url', as: 'text', empty: 'http://10.0.0.1:8080' }, { path: 'weight', as: 'number', empty: '1' }, { path: 'drain', as: 'switch' }] },
        { path: 'backend.balance', as: 'choice', options: ['round-robin', 'least-connections'], empty: 'round-robin' },
        { path: 'backend.protocol', as: 'choice', options: ['http1', 'h2', 'h2c'], empty: 'http1' },
        { path: 'backend.host', as: 'text', empty: 'Host' },
        { path: 'backend.sticky.cookie', as: 'text' },
        { path: 'backend.check.path', as: 'text', empty: '/health' },
        { path: 'backend.check.interval', as: 'text', empty: '5s' },
      ],
    },
    {
      key: 'identity',
      fields: [
        { path: 'identity.sets', as: 'choices', options: ['rfc9440', 'nginx', 'envoy', 'oauth2-proxy', 'authelia', 'koal', 'jit'] },
        { path: 'identity.charset', as: 'choice', options: ['utf-8', 'gbk', 'gb18030'], empty: 'utf-8' },
        {
          path: 'identity.items', as: 'rows',
          fields: [{ path: 'in', as: 'choice', options: ['header', 'cookie', 'parameter'], required: true }, { path: 'name', as: 'text', empty: 'X-User' }, { path: 'source', as: 'text', empty: 'subject.CN' }, { path: 'encoding', as: 'choice', options: ['raw', 'percent', 'base64', 'base64url'] }],
        },
        { path: 'identity.assertion.audience', as: 'text' },
        { path: 'identity.assertion.algorithm', as: 'choice', options: ['ES256', 'SM2'], empty: 'ES256' },
        { path: 'identity.forwarding', as: 'choice', options: ['x-forwarded', 'rfc7239', 'both', 'none'], empty: 'x-forwarded' },
      ],
    },
    {
      key: 'rewrite',
      folded: true,
      fields: [
        { path: 'backend.rewrite.on', as: 'switch' },
        { path: 'backend.rewrite.bodies', as: 'switch' },
        { path: 'backend.rewrite.mappings', as: 'rows', fields: [{ path: 'internal', as: 'text', empty: 'http://10.0.0.1:8080' }, { path: 'external', as: 'text' }] },
        { path: 'backend.tls.serverName', as: 'text' },
        { path: 'backend.tls.roots', as: 'pem' },
        { path: 'backend.limits.connect', as: 'text', empty: '5s' },
        { path: 'backend.limits.header', as: 'text', empty: '60s' },
        { path: 'backend.limits.idle', as: 'text', empty: '60s' },
        { path: 'backend.limits.tunnel', as: 'text', empty: '1h' },
      ],
    },
  ],
  certificates: [
    { key: 'basic', fields: [{ path: 'chain', as: 'pem', required: true }, { path: 'key', as: 'text', required: true, empty: 'file:gw.pem' }] },
    { key: 'tlcp', fields: [{ path: 'encryptChain', as: 'pem' }, { path: 'encryptKey', as: 'text', empty: 'file:gw-encrypt.pem' }] },
  ],
  branding: [
    { key: 'basic', fields: [{ path: 'look.title.zh', as: 'text' }, { path: 'look.title.en', as: 'text' }, { path: 'look.colour', as: 'colour' }, { path: 'look.logo', as: 'image' }] },
    {
      key: 'contact',
      fields: [
        { path: 'look.contact.name.zh', as: 'text' },
        { path: 'look.contact.name.en', as: 'text' },
        { path: 'look.contact.phone', as: 'text' },
        { path: 'look.contact.email', as: 'text' },
        { path: 'look.contact.hours.zh', as: 'text' },
        { path: 'look.contact.hours.en', as: 'text' },
        { path: 'look.help', as: 'text', empty: 'https://' },
        { path: 'look.redirect', as: 'text', empty: 'https://' },
      ],
    },
  ],
  cas: [
    {
      key: 'basic',
      fields: [
        { path: 'title', as: 'text' },
        { path: 'anchors', as: 'pem', required: true },
        { path: 'intermediates', as: 'pem' },
        { path: 'uses', as: 'choices', options: ['login', 'sign', 'seal', 'timestamp', 'vpn'] },
        { path: 'level', as: 'number' },
      ],
    },
    {
      key: 'revocation',
      fields: [
        {
          path: 'revocation', as: 'rows',
          fields: [{ path: 'name', as: 'text', empty: 'crl' }, { path: 'kind', as: 'choice', options: ['crl', 'upload', 'ocsp', 'journal', 'none'], required: true }, { path: 'url', as: 'text', empty: 'http://' }, { path: 'issuer', as: 'text' }, { path: 'every', as: 'text', empty: '1h' }, { path: 'maxAge', as: 'text' }],
        },
        { path: 'stale.allowFor', as: 'text', empty: '0s' },
        { path: 'leafOnly', as: 'switch' },
      ],
    },
  ],
  sets: [{ key: 'basic', fields: [{ path: 'cas', as: 'choices', from: 'cas' }, { path: 'lists', as: 'choices', from: 'lists' }, { path: 'stale.allowFor', as: 'text', empty: '0s' }] }],
  lists: [
    {
      key: 'basic',
      fields: [
        { path: 'title', as: 'text' },
        { path: 'of', as: 'text', required: true },
        { path: 'signers', as: 'pem', required: true },
        { path: 'url', as: 'text', empty: 'https://' },
        { path: 'roots', as: 'pem' },
        { path: 'every', as: 'text', empty: '1h' },
        { path: 'adopt', as: 'choice', options: ['approval', 'automatic'] },
        { path: 'stale.allowFor', as: 'text', empty: '0s' },
      ],
    },
  ],
}

type Tree = Record<string, unknown>

// at reads what stands at a path.
export function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((now, key) => (now as Tree | undefined)?.[key], value)
}

const empty = (value: unknown) => value === undefined || value === null || value === '' || value === false || (Array.isArray(value) && value.length === 0)

// put is the part with something else at a path. What is empty is left out, and so is
// what holds nothing then: an API refuses login: {} that says nothing of where.
export function put<T>(value: T, path: string, next: unknown): T {
  const [key, ...rest] = path.split('.')
  const now = { ...(value as Tree | undefined) }
  const inner = rest.length > 0 ? put(now[key] ?? {}, rest.join('.'), next) : next
  if (empty(inner) || (rest.length > 0 && Object.keys(inner as Tree).length === 0)) delete now[key]
  else now[key] = inner
  return now as T
}
