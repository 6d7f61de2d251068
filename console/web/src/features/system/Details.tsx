import { Card, Descriptions, Flex, Progress, Table, Tag, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import type { WireOwnCertificate, WireSystem } from '@/client/ca'
import { Visible } from '@/components/Visible'
import { date, daysUntil, minute, octets, pairs } from '@/lib/format'
import { Checks } from './Checks'
import { endsSoon } from './health'
import { spoken } from './Said'

// Details is everything one component says about itself.
export function Details({ system }: { system: WireSystem }) {
  const { t } = useTranslation('system')
  return (
    <Flex vertical gap={16}>
      <Card title={t('checks')} size="small">
        <Checks checks={system.checks} />
      </Card>
      <Card title={t('certificates')} size="small">
        <Certificates all={system.certificates} />
      </Card>
      <Flex gap={16} wrap className="cards">
        <Backups system={system} />
        <Database system={system} />
        <Process system={system} />
      </Flex>
    </Flex>
  )
}

function Certificates({ all }: { all: WireOwnCertificate[] }) {
  const { t } = useTranslation('system')
  return (
    <Table<WireOwnCertificate>
      size="small"
      rowKey="sha256"
      dataSource={all}
      pagination={false}
      scroll={{ x: 'max-content' }}
      expandable={{ expandedRowRender: (c) => <FurtherCertificate c={c} /> }}
      columns={[
        { key: 'use', title: t('use'), render: (_, c) => t(`use.${c.use}`) },
        { key: 'subject', title: t('subject'), render: (_, c) => <Visible text={c.subject} /> },
        { key: 'algorithm', title: t('algorithm'), render: (_, c) => c.algorithm.toUpperCase() },
        {
          key: 'end',
          title: t('until'),
          render: (_, c) => (
            <>
              {date(c.not_after)} {endsSoon(c, Date.now()) ? <Tag color="warning">{t('days', { count: daysUntil(c.not_after) })}</Tag> : <span className="quiet">{t('days', { count: daysUntil(c.not_after) })}</span>}
            </>
          ),
        },
        { key: 'renews', title: t('renews'), render: (_, c) => (c.renews_at ? date(c.renews_at) : t('renews.hand')) },
      ]}
    />
  )
}

function FurtherCertificate({ c }: { c: WireOwnCertificate }) {
  const { t } = useTranslation('system')
  return (
    <Descriptions
      size="small"
      column={1}
      items={[
        { key: 'issuer', label: t('issuer'), children: <Visible text={c.issuer} /> },
        { key: 'serial', label: t('serial'), children: <span className="code">{c.serial}</span> },
        { key: 'print', label: 'SHA-256', children: <Typography.Text className="code" copyable={{ text: c.sha256 }}>{pairs(c.sha256)}</Typography.Text> },
        { key: 'from', label: t('from'), children: minute(c.not_before) },
      ]}
    />
  )
}

function Backups({ system }: { system: WireSystem }) {
  const { t } = useTranslation('system')
  const backups = system.backups
  const none = <span className="quiet">{t('backup.none')}</span>
  return (
    <Card title={t('backups')} size="small" className="card">
      {!backups ? (
        t('backup.copies')
      ) : (
        <Descriptions
          size="small"
          column={1}
          items={[
            { key: 'last', label: t('backup.last'), children: backups.backup ? `${minute(backups.backup.at)} · ${octets(backups.backup.octets)}` : none },
            { key: 'drill', label: t('backup.drill'), children: backups.drill ? <>{minute(backups.drill.at)} <Tag color={backups.drill.good ? 'success' : 'error'}>{backups.drill.good ? t('backup.good') : (backups.drill.failed ?? t('backup.bad'))}</Tag></> : none },
            { key: 'verified', label: t('backup.verified'), children: t(backups.verified ? 'yes' : 'no') },
            ...(backups.restored ? [{ key: 'restored', label: t('backup.restored'), children: minute(backups.restored.at) }] : []),
          ]}
        />
      )}
    </Card>
  )
}

function Database({ system }: { system: WireSystem }) {
  const { t } = useTranslation('system')
  const { database, audit } = system
  return (
    <Card title={t('database')} size="small" className="card">
      <Descriptions
        size="small"
        column={1}
        items={[
          { key: 'engine', label: t('engine'), children: { sqlite: 'SQLite', postgres: 'PostgreSQL' }[database.engine] },
          { key: 'size', label: t('size'), children: database.octets ? octets(database.octets) : '–' },
          { key: 'schemas', label: t('schemas'), children: Object.entries(database.schemas).map(([room, version]) => `${room} ${version}`).join(' · ') },
          ...(audit ? [{ key: 'audit', label: t('log'), children: t('log.entries', { count: audit.entries }) }] : []),
        ]}
      />
    </Card>
  )
}

function Process({ system }: { system: WireSystem }) {
  const { t } = useTranslation('system')
  const { process } = system
  const unit = (name: string) => t(`unit.${name}`)
  return (
    <Card title={t('process')} size="small" className="card">
      <Descriptions
        size="small"
        column={1}
        items={[
          { key: 'up', label: t('running'), children: spoken((Date.parse(system.now) - Date.parse(system.started)) / 1000, unit) },
          { key: 'cpu', label: t('cpu'), children: `${spoken(process.cpu_seconds, unit)} · ${t('processors', { count: process.processors })}` },
          { key: 'memory', label: t('memory'), children: octets(process.memory) },
          { key: 'files', label: t('files'), children: `${process.open_files} / ${process.open_files_most}` },
          ...process.disks.map((disk) => ({
            key: `disk-${disk.place}`,
            label: t('disk', { place: t(`place.${disk.place}`) }),
            children: disk.size ? <Progress percent={Math.round(100 - (100 * disk.free) / disk.size)} size="small" status="normal" format={() => t('free', { size: octets(disk.free) })} aria-label={t('disk', { place: t(`place.${disk.place}`) })} /> : octets(disk.free),
          })),
        ]}
      />
    </Card>
  )
}
