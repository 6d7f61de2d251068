import { useMutation, useQuery } from '@tanstack/react-query'
import { Alert, Button, Flex, Input, Space } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { configurationCheck, policyPut } from '@/client/gateway'
import type { PolicyRules } from '@/client/gateway'
import { Act } from '@/components/Act'
import { Failure } from '@/components/Failure'
import { Loaded } from '@/components/Loaded'
import { ask } from '@/lib/http'
import { Refusal } from '@/lib/refusal'
import { useUnsaved } from '@/lib/unsaved'
import { Conflict } from './Conflict'
import { gatewayKey, useConfiguration, useMay } from './configuration'
import { read, written, type Unread } from './yaml'

// Thrown where a text is no YAML: the gateway is not asked then.
class NotRead extends Error {
  constructor(readonly at: Unread) {
    super(at.wrong)
  }
}

async function understood(text: string): Promise<PolicyRules> {
  const result = await read(text)
  if ('unread' in result) throw new NotRead(result.unread)
  return result.rules
}

// PolicyEditor changes the rules as text, as deploy/policy.yaml shows them.
export function PolicyEditor({ rules, base }: { rules: PolicyRules; base: number }) {
  const initial = useQuery({ queryKey: [...gatewayKey, 'policy-text', base], queryFn: () => written(rules), staleTime: Infinity })
  return <Loaded query={initial}>{(text) => <Editor initial={text} base={base} />}</Loaded>
}

function Editor({ initial, base }: { initial: string; base: number }) {
  const { t, i18n } = useTranslation('gateway')
  const may = useMay()
  const configuration = useConfiguration()
  const [text, setText] = useState(initial)
  const [onto, setOnto] = useState(base)
  const [conflict, setConflict] = useState(false)
  const dirty = text !== initial
  useUnsaved(dirty)
  const checked = async () => {
    const policy = await understood(text)
    const { warnings } = await ask(configurationCheck({ body: { ...configuration.data!.configuration, policy } }))
    return { policy, warnings }
  }
  const check = useMutation({ mutationFn: checked })
  const save = async (note: string) => {
    try {
      const { policy } = await checked()
      await ask(policyPut({ body: { base: onto, note, value: policy } }))
    } catch (error) {
      if (error instanceof Refusal && error.stale) setConflict(true)
      throw error instanceof NotRead ? new Refusal(400, { title: t('policy.unread', { ...error.at }), code: '' }) : error
    }
  }
  const language = i18n.language === 'zh-CN' ? 'zh' : 'en'
  return (
    <Flex vertical gap={12}>
      {conflict && <Conflict base={onto} onReload={() => location.reload()} onRebase={(newest) => { setOnto(newest); setConflict(false) }} />}
      <Input.TextArea
        aria-label={t('policy.text')}
        className="code"
        spellCheck={false}
        rows={26}
        readOnly={!may.rules}
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          check.reset()
        }}
      />
      {check.isSuccess && (
        <Alert
          type={check.data.warnings.length > 0 ? 'warning' : 'success'}
          showIcon
          title={check.data.warnings.length > 0 ? t('policy.warnings', { count: check.data.warnings.length }) : t('check.good')}
          description={check.data.warnings.length > 0 && <ul>{check.data.warnings.map((one, n) => <li key={n}>{one.rule && <strong>{one.rule} </strong>}{one.text[language]}</li>)}</ul>}
        />
      )}
      {check.isError && (check.error instanceof NotRead ? <Alert type="error" showIcon role="alert" title={t('policy.unread', { ...check.error.at })} /> : <Failure error={check.error} />)}
      <Space wrap>
        <Button loading={check.isPending} disabled={!configuration.data} onClick={() => check.mutate()}>
          {t('check')}
        </Button>
        {may.rules ? (
          <>
            <Act label={t('save')} title={t('policy.save')} about={<p>{t('part.save.about')}</p>} reason="optional" reasonLabel={t('note')} primary disabled={!dirty || !configuration.data} done={t('saved')} run={save} refresh={[gatewayKey]} />
            {dirty && <Button onClick={() => setText(initial)}>{t('reset')}</Button>}
          </>
        ) : (
          <span className="quiet">{t('keeper.rules')}</span>
        )}
      </Space>
    </Flex>
  )
}
