import { useMutation } from '@tanstack/react-query'
import { Alert, Button, DatePicker, Form, Space } from 'antd'
import dayjs, { type Dayjs } from 'dayjs'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { archiveVerify, volumeClose, volumeDestroy, volumes } from '@/client/ra'
import type { RaVolume } from '@/client/ra'
import { Act } from '@/components/Act'
import { CursorTable } from '@/components/CursorTable'
import { Failure } from '@/components/Failure'
import { FileButton } from '@/components/FileButton'
import { StateTag } from '@/components/StateTag'
import { date, minute } from '@/lib/format'
import { ask } from '@/lib/http'

const least = 366 // days: what ended later stays in the lists
const kept = 5 // years

// Volumes are what was closed, chained by digests; destroyed after their time by two.
export function Volumes({ rights, home }: { rights: string[]; home: boolean }) {
  const { t } = useTranslation('archive')
  const [before, setBefore] = useState<Dayjs>(dayjs().subtract(least, 'day').startOf('day'))
  const destroys = rights.includes('ra.archive.destroy')
  return (
    <>
      {rights.includes('ra.archive.verify') && home && <Verify />}
      <CursorTable<RaVolume>
        name="volumes"
        queryKey={['volumes']}
        load={(after) => ask(volumes({ query: { after, limit: 50 } }))}
        rowKey={(row) => String(row.number)}
        empty={t('volumes.empty')}
        filters={
          rights.includes('ra.archive') && (
            <Act label={t('close')} title={t('close')} about={<p>{t('close.about')}</p>} done={t('closed')} run={() => ask(volumeClose({ body: { before: before.toISOString() } }))} refresh={[['volumes'], ['archive']]}>
              <Form.Item label={t('close.before')} htmlFor="archive-before">
                <DatePicker id="archive-before" value={before} maxDate={dayjs().subtract(least, 'day')} onChange={(day) => day && setBefore(day.startOf('day'))} />
              </Form.Item>
            </Act>
          )
        }
        columns={[
          { key: 'number', title: t('volume'), dataIndex: 'number' },
          { key: 'node', title: t('node'), dataIndex: 'node' },
          { key: 'before', title: t('before'), render: (_, row) => date(row.before) },
          { key: 'newest', title: t('newest'), render: (_, row) => date(row.newest) },
          { key: 'records', title: t('records'), dataIndex: 'records' },
          { key: 'digest', title: t('digest'), render: (_, row) => <span className="code">{row.digest.slice(0, 16)}…</span> },
          { key: 'made', title: t('made'), render: (_, row) => `${minute(row.made)} · ${row.made_by}` },
          { key: 'state', title: t('state'), render: (_, row) => <StateTag state={row.state} /> },
          {
            key: 'act',
            title: t('act'),
            render: (_, row) => (
              <Space>
                {row.state === 'kept' && rights.includes('ra.archive.verify') && <FileButton url={`/api/ra/v1/archive/volumes/${row.number}/file`} name={`volume-${row.number}.jsonl`} label={t('file')} type="link" />}
                {row.state === 'kept' && destroys && (dayjs(row.newest).add(kept, 'year').isBefore(dayjs()) ? <Act size="small" danger label={t('destroy')} reason="required" about={<p>{t('destroy.about')}</p>} done={t('destroy.done')} run={(reason) => ask(volumeDestroy({ path: { number: row.number }, body: { reason } }))} refresh={[['volumes'], ['approvals']]} /> : <span className="quiet">{t('kept', { day: dayjs(row.newest).add(kept, 'year').format('YYYY-MM-DD') })}</span>)}
              </Space>
            ),
          },
        ]}
      />
    </>
  )
}

function Verify() {
  const { t } = useTranslation('archive')
  const verify = useMutation({ mutationFn: () => ask(archiveVerify()) })
  return (
    <Space orientation="vertical" className="aside">
      <Button loading={verify.isPending} onClick={() => verify.mutate()}>
        {t('verify')}
      </Button>
      {verify.isError && <Failure error={verify.error} />}
      {verify.data && (verify.data.length === 0 ? <Alert type="success" showIcon title={t('verify.good')} /> : <Alert type="error" showIcon title={t('verify.bad')} description={<ul>{verify.data.map((fault) => <li key={fault}>{fault}</li>)}</ul>} />)}
    </Space>
  )
}
