import { useQuery } from '@tanstack/react-query'
import { Alert, Card, Descriptions, Flex, Progress, Space, Statistic, Steps } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link, useParams } from 'react-router'
import { batch, batchConfirm, batchWithdraw } from '@/client/ra'
import type { RaBatch } from '@/client/ra'
import { Act } from '@/components/Act'
import { FileButton } from '@/components/FileButton'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { minute } from '@/lib/format'
import { ask, byItself } from '@/lib/http'
import { may, useMe } from '@/lib/me'
import { Carrying } from './Carrying'
import { Rows } from './Rows'

export default function Show() {
  const { t } = useTranslation('batches')
  const { id = '' } = useParams()
  const query = useQuery({
    queryKey: ['batches', 'one', id],
    queryFn: () => ask(batch({ path: { id }, ...byItself })),
    refetchInterval: ({ state }) => (state.data?.state === 'running' ? 1000 : false),
  })
  return (
    <>
      <PageHead title={t('one')} about={<span className="code">{id}</span>} acts={query.data && <Acts batch={query.data} />} />
      <Loaded query={query}>
        {(one) => (
          <Flex vertical gap={16}>
            <Progressing batch={one} />
            {one.state === 'done' && <Carrying batch={one} />}
            <Rows batch={one} />
          </Flex>
        )}
      </Loaded>
    </>
  )
}

function Acts({ batch: one }: { batch: RaBatch }) {
  const { t, i18n } = useTranslation('batches')
  const { data: me } = useMe()
  const language = i18n.language === 'zh-CN' ? 'zh' : 'en'
  const file = (form: 'xlsx' | 'csv') => <FileButton url={`/api/ra/v1/batches/${one.id}/result?form=${form}&lang=${language}`} name={`${t('result.name')}-${one.id}.${form}`} label={t(`result.${form}`)} />
  const good = one.rows - one.faulty
  const refresh = [['batches']]
  const registers = may(me, 'ra.register') && me?.node.id === one.node
  const run = (skip_faulty: boolean) => ask(batchConfirm({ path: { id: one.id }, body: { version: one.version, skip_faulty } }))
  return (
    <>
      {file('xlsx')}
      {file('csv')}
      {registers && (one.state === 'checked' || one.state === 'running') && (
        <Act label={t('withdraw')} title={t('withdraw.title')} about={<p>{t('withdraw.about')}</p>} danger done={t('withdraw.done')} refresh={refresh} run={() => ask(batchWithdraw({ path: { id: one.id }, body: { version: one.version } }))} />
      )}
      {registers && one.state === 'checked' && good > 0 && (
        <Act
          primary
          label={one.faulty > 0 ? t('confirm.good', { count: good }) : t('confirm.all', { count: good })}
          title={one.faulty > 0 ? t('confirm.good.title', { good, faulty: one.faulty }) : t('confirm.title', { count: good })}
          about={<p>{one.faulty > 0 ? t('confirm.good.about') : t('confirm.about')}</p>}
          done={t('confirm.done')}
          refresh={refresh}
          run={() => run(one.faulty > 0)}
        />
      )}
    </>
  )
}

const steps = ['checked', 'running', 'done'] as const

function Progressing({ batch: one }: { batch: RaBatch }) {
  const { t } = useTranslation('batches')
  const wanted = one.rows - one.faulty
  const done = one.registered + one.failed
  return (
    <Card title={<Space><Visible text={one.name} empty={one.id} /><StateTag of="batch" state={one.state} /></Space>}>
      <Flex vertical gap={16}>
        {one.state === 'withdrawn' ? (
          <Alert type="info" showIcon title={t('withdrawn.about')} />
        ) : (
          <Steps size="small" current={steps.indexOf(one.state as (typeof steps)[number]) + (one.state === 'done' ? 1 : 0)} items={steps.map((step) => ({ title: t(`progress.${step}`) }))} />
        )}
        {one.stopped && <Alert type="warning" showIcon title={t('stopped')} description={one.stopped} />}
        {one.state === 'running' && (
          <div aria-live="polite">
            <Progress percent={wanted > 0 ? Math.floor((done * 100) / wanted) : 100} status="active" />
            <span className="quiet">{t('running', { done, wanted })}</span>
          </div>
        )}
        <div className="figures">
          <Statistic title={t('rows')} value={one.rows} />
          <Statistic title={t('faulty')} value={one.faulty} classNames={{ content: one.faulty ? 'late' : undefined }} />
          <Statistic title={t('registered')} value={one.registered} />
          <Statistic title={t('failed')} value={one.failed} classNames={{ content: one.failed ? 'late' : undefined }} />
        </div>
        <Descriptions
          size="small"
          column={{ xs: 1, md: 2, xl: 3 }}
          items={[
            { key: 'kind', label: t('kind'), children: t(`kind.${one.kind}`) },
            { key: 'profile', label: t('profile'), children: one.profile },
            { key: 'keys', label: t('step.keys'), children: t(`key.${one.key_from ?? 'request'}`) },
            { key: 'node', label: t('components:place'), children: one.node },
            { key: 'by', label: t('by'), children: `${one.created_by} ${minute(one.created)}` },
            { key: 'confirmed', label: t('confirmed_by'), children: one.confirmed_by || '–' },
          ]}
        />
        {(one.state === 'done' || one.state === 'running') && <Link to={`/applications?batch=${one.id}&state=all`}>{t('applications')}</Link>}
      </Flex>
    </Card>
  )
}
