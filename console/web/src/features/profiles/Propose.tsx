import { DeleteOutlined, PlusOutlined, UploadOutlined } from '@ant-design/icons'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Card, Flex, Form, Input, Upload } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import { proposeProfiles } from '@/client/ca'
import type { CaProposedProfiles } from '@/client/ca'
import { Difference } from '@/components/Difference'
import { Failure } from '@/components/Failure'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { Receipt } from '@/components/Receipt'
import { versionsOf } from '@/components/versions'
import { ask } from '@/lib/http'
import { useUnsaved } from '@/lib/unsaved'
import { useProposer } from './List'
import { raised } from './raised'

// Propose puts new profiles, or new versions of profiles, before a second person. The CA
// reads and checks them first; nothing changes until somebody else agrees.
export default function Propose() {
  const { t } = useTranslation('profiles')
  const proposer = useProposer()
  const [search] = useSearchParams()
  const from = search.get('from') ?? undefined
  const query = useQuery({ queryKey: ['ca', 'profile-versions', from], queryFn: () => versionsOf(from!), enabled: !!from, staleTime: Infinity })
  if (!proposer) return <Alert type="info" showIcon title={t('propose.who')} />
  if (!from) return <Editor known={undefined} />
  return <Loaded query={query}>{(all) => <Editor known={all[0]?.yaml} />}</Loaded>
}

function Editor({ known }: { known: string | undefined }) {
  const { t } = useTranslation('profiles')
  const queries = useQueryClient()
  const [initial] = useState(() => [known === undefined ? '' : raised(known)])
  const [texts, setTexts] = useState(initial)
  const [reason, setReason] = useState('')
  const act = useMutation({
    mutationFn: () => ask(proposeProfiles({ body: { profiles: texts.filter((text) => text.trim()), reason: reason.trim() } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['approvals'] }),
  })
  useUnsaved(!act.isSuccess && (reason !== '' || texts.join() !== initial.join()))
  const change = (at: number, text: string) => setTexts((now) => now.map((old, n) => (n === at ? text : old)))
  if (act.isSuccess) return <Proposed proposed={act.data} />
  return (
    <>
      <PageHead title={t('propose.title')} about={t('propose.about')} />
      <Flex vertical gap={16}>
        {texts.map((text, n) => (
          <Card
            key={n}
            size="small"
            title={`${t('text')} ${texts.length > 1 ? n + 1 : ''}`}
            extra={
              <Flex gap={8}>
                <Upload showUploadList={false} accept=".yaml,.yml" beforeUpload={(file) => (void file.text().then((read) => change(n, read)), false)}>
                  <Button size="small" icon={<UploadOutlined />}>{t('propose.file')}</Button>
                </Upload>
                {texts.length > 1 && <Button size="small" icon={<DeleteOutlined />} aria-label={t('propose.remove', { n: n + 1 })} onClick={() => setTexts((now) => now.filter((_, at) => at !== n))} />}
              </Flex>
            }
          >
            <Input.TextArea aria-label={`${t('text')} ${n + 1}`} className="code" spellCheck={false} rows={26} placeholder="name: …" value={text} onChange={(event) => change(n, event.target.value)} />
            {n === 0 && known !== undefined && text !== known && <div className="below-search"><Difference before={known} after={text} /></div>}
          </Card>
        ))}
        <div>
          <Button type="dashed" icon={<PlusOutlined />} onClick={() => setTexts((now) => [...now, ''])}>
            {t('propose.more')}
          </Button>
        </div>
        <Form layout="vertical" component="div">
          <Form.Item label={t('propose.reason')} required>
            <Input.TextArea aria-label={t('propose.reason')} rows={2} maxLength={500} showCount value={reason} onChange={(event) => setReason(event.target.value)} />
          </Form.Item>
        </Form>
        {act.isError && <Failure error={act.error} />}
        <div>
          <Button type="primary" loading={act.isPending} disabled={!reason.trim() || !texts.some((text) => text.trim())} onClick={() => !act.isPending && act.mutate()}>
            {t('propose.act')}
          </Button>
        </div>
      </Flex>
    </>
  )
}

const kinds: Record<string, string> = { '+': 'diff-added', '-': 'diff-removed' }

// Proposed shows what the CA understood, line by line: what the second person will see.
function Proposed({ proposed }: { proposed: CaProposedProfiles }) {
  const { t } = useTranslation('profiles')
  return (
    <>
      <PageHead title={t('propose.done')} />
      <Flex vertical gap={16}>
        <Receipt place="ca" receipt={proposed} />
        {proposed.changes.map((one) => (
          <Card key={one.name} size="small" title={`${one.name} · ${one.from === 0 ? t('propose.new') : t('propose.versions', { from: one.from, to: one.to })}`}>
            <div className="diff">
              {one.lines.split('\n').filter(Boolean).map((line, n) => (
                <div key={n} className={kinds[line[0]]}>
                  <span className="diff-text">{line}</span>
                </div>
              ))}
            </div>
          </Card>
        ))}
      </Flex>
    </>
  )
}
