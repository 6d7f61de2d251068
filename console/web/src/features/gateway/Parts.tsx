import { PlusOutlined, RocketOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Tabs, Tag, type TableColumnsType } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { state as readState } from '@/client/gateway'
import type { GatewayApplication, GatewayConfiguration, GatewayService } from '@/client/gateway'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { Visible } from '@/components/Visible'
import { date, daysUntil } from '@/lib/format'
import { useFilters } from '@/lib/filters'
import { ask } from '@/lib/http'
import { gatewayKey, useConfiguration, useMay } from './configuration'
import { PartTable } from './PartTable'
import { parts, placeOf, type Kind, type Value } from './parts'

const shown: Kind[] = ['services', 'applications', 'certificates', 'branding']

// Parts is what the system administrator keeps: what listens, what lies behind, what is
// shown to clients.
export default function Parts() {
  const { t } = useTranslation('gateway')
  const [{ part = 'services' }, setFilters] = useFilters(['part'] as const)
  const query = useConfiguration()
  const may = useMay()
  return (
    <>
      <PageHead
        title={t('parts.title')}
        about={t('parts.about')}
        acts={
          may.services && (
            <>
              <Link to={placeOf(part as Kind, 'NEW')}>
                <Button icon={<PlusOutlined />}>{t(`kind.${part}.new`)}</Button>
              </Link>
              <Link to="/gateway/protect">
                <Button type="primary" icon={<RocketOutlined />}>{t('protect.title')}</Button>
              </Link>
            </>
          )
        }
      />
      <Loaded query={query}>
        {({ configuration }) => (
          <Tabs
            activeKey={part}
            onChange={(next) => setFilters({ part: next })}
            items={shown.map((kind) => ({ key: kind, label: `${t(`kind.${kind}`)} ${parts[kind].of(configuration).length}`, children: <List kind={kind} configuration={configuration} /> }))}
          />
        )}
      </Loaded>
    </>
  )
}

function List({ kind, configuration }: { kind: Kind; configuration: GatewayConfiguration }) {
  const { t } = useTranslation('gateway')
  const state = useQuery({ queryKey: [...gatewayKey, 'state'], queryFn: () => ask(readState()), enabled: kind === 'certificates' })
  const ends = new Map(state.data?.certificates.map((one) => [one.name, one.ends]))
  const columns: Partial<Record<Kind, TableColumnsType<Value>>> = {
    services: [
      { key: 'listen', title: t('field.services.listen'), render: (_, row) => (row.listen as string[]).join(', ') },
      { key: 'ask', title: t('field.services.clientCertificate'), render: (_, row) => t(`option.clientCertificate.${(row.clientCertificate as string) ?? 'required'}`) },
      { key: 'behind', title: t('field.services.applications'), render: (_, row) => (row as unknown as GatewayService).applications?.join(', ') ?? (row as unknown as GatewayService).target?.application },
      { key: 'certificates', title: t('field.services.certificates'), render: (_, row) => (row.certificates as string[]).map((name) => <Tag key={name}>{name}</Tag>) },
    ],
    applications: [
      { key: 'hosts', title: t('field.applications.hosts'), render: (_, row) => ((row.hosts as string[]) ?? ['*']).join(', ') + ((row.prefix as string) ?? '') },
      { key: 'backends', title: t('field.applications.backend.backends'), render: (_, row) => (row as unknown as GatewayApplication).backend.backends.map((one) => one.url).join(', ') },
      { key: 'identity', title: t('field.applications.identity.sets'), render: (_, row) => (row as unknown as GatewayApplication).identity?.sets?.map((name) => <Tag key={name}>{name}</Tag>) },
      { key: 'services', title: t('kind.services'), render: (_, row) => configuration.services.filter((one) => one.applications?.includes(row.name)).map((one) => one.name).join(', ') || '–' },
    ],
    certificates: [
      { key: 'form', title: t('certificate.form'), render: (_, row) => (row.encryptChain ? 'TLCP (SM2)' : 'TLS') },
      { key: 'key', title: t('field.certificates.key'), render: (_, row) => <span className="code">{row.key as string}</span> },
      { key: 'ends', title: t('certificate.ends'), render: (_, row) => <Ends at={ends.get(row.name)} /> },
      { key: 'services', title: t('kind.services'), render: (_, row) => configuration.services.filter((one) => one.certificates.includes(row.name)).map((one) => one.name).join(', ') || '–' },
    ],
    branding: [{ key: 'services', title: t('kind.services'), render: (_, row) => configuration.services.filter((one) => one.branding === row.name).map((one) => one.name).join(', ') || '–' }],
  }
  return <PartTable kind={kind} rows={parts[kind].of(configuration)} columns={[...(kind === 'certificates' ? [] : [{ key: 'title', title: t('field.services.title'), render: (_: unknown, row: Value) => <Visible text={(row.title as string) ?? (row.look as { title?: { zh?: string } } | undefined)?.title?.zh} /> }]), ...(columns[kind] ?? [])]} />
}

// Ends is the end of a certificate, with a mark a month before.
function Ends({ at }: { at: string | undefined }) {
  const { t } = useTranslation('gateway')
  const days = daysUntil(at)
  return (
    <>
      {date(at)} {days !== undefined && days < 31 && <Tag color={days < 0 ? 'red' : 'orange'}>{t('days', { count: days })}</Tag>}
    </>
  )
}
