import { useMutation, useQueryClient } from '@tanstack/react-query'
import { App, Button, Drawer, Form } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { nodeChange } from '@/client/ra'
import type { RaNode, RaRights } from '@/client/ra'
import { Failure } from '@/components/Failure'
import { ask } from '@/lib/http'
import { useUnsaved } from '@/lib/unsaved'
import type { Effective } from './effect'
import { EffectShown } from './EffectShown'
import { NodeFields, RightsFields } from './NodeFields'

type Fields = Pick<RaNode, 'name' | 'region' | 'contact' | 'site' | 'agreement' | 'rights'>

// NodeForm changes a node, with the effect of its rights shown before it is saved.
export function NodeForm({ node: now, above, parent, below, onClose }: { node: RaNode; above: Effective; parent?: RaNode; below: RaNode[]; onClose: () => void }) {
  const { t } = useTranslation('tree')
  const { message } = App.useApp()
  const queries = useQueryClient()
  const [form] = Form.useForm<Fields>()
  // As it was when the form was opened: what somebody else changes meanwhile is not to be
  // overwritten unseen.
  const [node] = useState(now)
  const rights = Form.useWatch('rights', form) as RaRights | undefined
  const keep = useMutation({
    mutationFn: (fields: Fields) => ask(nodeChange({ body: { ...node, ...fields, rights: cleaned(fields.rights) } })),
    onSuccess: async () => {
      message.success(t('saved'))
      onClose()
      await queries.invalidateQueries({ queryKey: ['nodes'] })
    },
  })
  const [dirty, setDirty] = useState(false)
  const leave = useUnsaved(dirty && !keep.isPending)
  return (
    <Drawer open onClose={() => leave(onClose)} title={t('edit.title', { name: node.name })} size={640} extra={<Button type="primary" loading={keep.isPending} onClick={() => form.submit()}>{t('save')}</Button>}>
      <Form<Fields> form={form} layout="vertical" onValuesChange={() => setDirty(true)} initialValues={node} onFinish={(fields) => !keep.isPending && keep.mutate(fields)}>
        <NodeFields />
        {parent && <p className="quiet">{t('rights.from', { name: parent.name })}</p>}
        <RightsFields above={above} />
      </Form>
      {rights && <EffectShown above={above} node={node} next={cleaned(rights)} below={below} />}
      {keep.isError && <Failure error={keep.error} />}
    </Drawer>
  )
}

// cleaned leaves out what was not said.
export function cleaned(rights: RaRights | undefined): RaRights {
  const subject = (rights?.subject ?? []).filter((one) => one?.type && one.value)
  return {
    ...(rights?.operations?.length ? { operations: rights.operations } : {}),
    ...(rights?.profiles?.length ? { profiles: rights.profiles } : {}),
    ...(rights?.quota ? { quota: rights.quota } : {}),
    ...(rights?.grace ? { grace: rights.grace } : {}),
    ...(subject.length ? { subject } : {}),
  }
}
