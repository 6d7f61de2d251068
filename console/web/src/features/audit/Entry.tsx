import { Descriptions, Drawer, Tag, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { Visible } from '@/components/Visible'
import { moment } from '@/lib/format'
import { useActName } from './names'
import type { Row } from './proven'

// Entry is everything one entry says.
export function Entry({ row, onClose }: { row?: Row; onClose: () => void }) {
  const { t } = useTranslation('audit')
  const named = useActName()
  const entry = row?.entry
  return (
    <Drawer open={!!row} onClose={onClose} title={entry && t('entry', { number: entry.number })} size="large">
      {entry && row && (
        <Descriptions
          column={1}
          size="small"
          bordered
          items={[
            { key: 'at', label: t('at'), children: moment(entry.at) },
            { key: 'actor', label: t('actor'), children: <><Visible text={entry.actor} /> {entry.roles.map((role) => <Tag key={role}>{t(`app:role.${role}`)}</Tag>)}</> },
            { key: 'act', label: t('act'), children: <>{named(entry.act)} <code className="quiet">{entry.act}</code></> },
            { key: 'result', label: t('result'), children: <Result result={entry.result} /> },
            { key: 'object', label: t('object'), children: <Visible text={entry.object} /> },
            { key: 'subject', label: t('subject'), children: <Visible text={entry.subject} /> },
            { key: 'address', label: t('address'), children: <Visible text={entry.address} /> },
            { key: 'certificate', label: t('certificate'), children: <span className="code">{entry.certificate || '–'}</span> },
            ...Object.entries(entry.detail ?? {}).map(([name, value]) => ({ key: 'd.' + name, label: <Visible text={name} />, children: <Visible text={value} empty="–" /> })),
            { key: 'proof', label: t('proof'), children: row.verdict.proven.has(entry.number) ? <Typography.Text type="success">{t('proven.yes', { size: row.verdict.head.size })}</Typography.Text> : <Typography.Text type="danger">{t('proven.no')}</Typography.Text> },
          ]}
        />
      )}
    </Drawer>
  )
}

export function Result({ result }: { result: string }) {
  const { t } = useTranslation('audit')
  return <Tag color={{ done: 'green', refused: 'orange', failed: 'red' }[result]}>{t(`result.${result}`)}</Tag>
}
