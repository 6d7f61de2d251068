import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Flex, Input, Space, Tabs } from 'antd'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { configurationCheck } from '@/client/gateway'
import type { GatewayConfiguration } from '@/client/gateway'
import { Act } from '@/components/Act'
import { Failure } from '@/components/Failure'
import { PageHead } from '@/components/PageHead'
import { ask } from '@/lib/http'
import { Refusal } from '@/lib/refusal'
import { useUnsaved } from '@/lib/unsaved'
import { BrandingPreview } from './BrandingPreview'
import { Conflict } from './Conflict'
import { gatewayKey, namePattern, useMay } from './configuration'
import { PartForm } from './PartForm'
import { CertificateOrder } from './CertificateOrder'
import { parts, replaced, type Kind, type Value } from './parts'

interface Props {
  kind: Kind
  name: string // empty: it is not there yet
  initial: Value
  base: number
  configuration: GatewayConfiguration
}

// PartEditor changes one part: by a form or as the API takes it. Nothing is saved that the
// gateway says it could not run, and nothing over a version somebody else made meanwhile.
export function PartEditor({ kind, name, initial, base, configuration }: Props) {
  const { t } = useTranslation('gateway')
  const navigate = useNavigate()
  const queries = useQueryClient()
  const may = useMay()
  const part = parts[kind]
  const held = may[part.keeper]
  const [value, setValue] = useState(initial)
  const [text, setText] = useState<string>() // while it is written by hand
  const [onto, setOnto] = useState(base)
  const [saved, setSaved] = useState(false)
  const fresh = name === ''
  const read = parsed(text)
  const now = text === undefined ? value : read
  const dirty = !saved && (text !== undefined || JSON.stringify(value) !== JSON.stringify(initial))
  useUnsaved(dirty)

  const check = useMutation({ mutationFn: () => ask(configurationCheck({ body: replaced(configuration, kind, now?.name ?? '', now!) })) })
  const [conflict, setConflict] = useState(false)
  const save = async (note: string) => {
    try {
      await ask(configurationCheck({ body: replaced(configuration, kind, now!.name, now!) }))
      await part.put(now!.name, { base: onto, note, value: now! })
    } catch (error) {
      if (error instanceof Refusal && error.stale) setConflict(true)
      throw error
    }
  }
  const reload = () => Promise.all([queries.invalidateQueries({ queryKey: gatewayKey })])
  // What is read of the gateway is out of date only once the page is left: read anew here,
  // it would draw another form in the place of this one.
  useEffect(() => {
    if (!saved) return
    void navigate(part.keeper === 'rules' ? '/gateway/trust' : `/gateway/parts?part=${kind}`)
    void queries.invalidateQueries({ queryKey: gatewayKey })
  }, [saved, navigate, queries, part, kind])
  const able = held && now !== undefined && namePattern.test(now.name)
  const title = fresh ? t(`kind.${kind}.new`) : t(`kind.${kind}.named`, { name })
  return (
    <>
      <PageHead
        title={title}
        about={t(`kind.${kind}.about`)}
        acts={
          held && (
            <>
              {!fresh && <Act label={t('remove')} title={t('part.remove', { name })} about={<p>{t('part.remove.about')}</p>} reason="optional" reasonLabel={t('note')} danger done={t('part.removed')} run={(note) => part.remove(name, onto, note)} after={() => setSaved(true)} />}
              <Button onClick={() => check.mutate()} loading={check.isPending} disabled={!able}>
                {t('check')}
              </Button>
              <Act label={t('save')} title={t('part.save')} about={<p>{t('part.save.about')}</p>} reason="optional" reasonLabel={t('note')} primary disabled={!able || !dirty} done={t('saved')} run={save} after={() => setSaved(true)} />
            </>
          )
        }
      />
      <Flex vertical gap={16}>
        {!held && <Alert type="info" showIcon title={t(`keeper.${part.keeper}`)} />}
        {conflict && <Conflict base={onto} onReload={() => void reload().then(() => setConflict(false))} onRebase={(newest) => { setOnto(newest); setConflict(false) }} />}
        {check.isSuccess && <Alert type="success" showIcon title={t('check.good')} />}
        {check.isError && <Failure error={check.error} />}
        {kind === 'certificates' && fresh && held && <CertificateOrder base={base} configuration={configuration} />}
        <Tabs
          activeKey={text === undefined ? 'form' : 'json'}
          onChange={(key) => {
            if (key === 'json') setText(JSON.stringify(value, null, 2))
            else if (read) {
              setValue(read)
              setText(undefined)
            }
          }}
          items={[
            { key: 'form', label: t('tab.form'), disabled: text !== undefined && !read, children: <FormWith kind={kind} value={value} onChange={setValue} configuration={configuration} fresh={fresh} disabled={!held} /> },
            {
              key: 'json',
              label: 'JSON',
              children: (
                <Space orientation="vertical" className="whole-width">
                  <Input.TextArea aria-label="JSON" className="code" spellCheck={false} rows={28} readOnly={!held} status={text !== undefined && !read ? 'error' : undefined} value={text ?? ''} onChange={(event) => setText(event.target.value)} />
                  {text !== undefined && !read && <Alert type="error" showIcon title={t('json.bad')} />}
                </Space>
              ),
            },
          ]}
        />
      </Flex>
    </>
  )
}

function FormWith(props: Parameters<typeof PartForm>[0]) {
  return (
    <Flex vertical gap={16}>
      {props.kind === 'branding' && <BrandingPreview look={props.value.look as never} />}
      <PartForm {...props} />
    </Flex>
  )
}

// parsed is what somebody wrote by hand, if it is the JSON of a part.
function parsed(text: string | undefined): Value | undefined {
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return value && typeof value === 'object' && typeof (value as Value).name === 'string' ? (value as Value) : undefined
  } catch {
    return undefined
  }
}

