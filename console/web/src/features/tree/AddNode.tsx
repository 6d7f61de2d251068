import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Alert, App, Button, Drawer, Form, Input, Select } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { me, nodeAdd } from '@/client/ra'
import type { RaNode } from '@/client/ra'
import { Failure } from '@/components/Failure'
import { Loaded } from '@/components/Loaded'
import { ask } from '@/lib/http'
import { useUnsaved } from '@/lib/unsaved'
import { parentsOf } from './calls'
import { effective } from './effect'
import { NodeFields, RightsFields } from './NodeFields'
import { cleaned } from './NodeForm'

// AddNode hangs a node below another; it works when another person has approved it.
export function AddNode({ below, onClose, onAdded }: { below: RaNode; onClose: () => void; onAdded: (id: string) => void }) {
  const { t } = useTranslation('tree')
  const { message } = App.useApp()
  const queries = useQueryClient()
  const [form] = Form.useForm<RaNode>()
  const own = useQuery({ queryKey: ['me'], queryFn: () => ask(me()) })
  const above = useQuery({ queryKey: ['nodes', 'parents', below.path, 'with'], queryFn: async () => effective([...(await parentsOf(below, own.data!.node)), below].map((one) => one.rights)), enabled: !!own.data })
  const levels = below.level === 'centre' ? ['ra'] : ['lra']
  const add = useMutation({
    mutationFn: (node: RaNode) => ask(nodeAdd({ body: { ...node, parent: below.id, rights: cleaned(node.rights), version: 0 } })),
    onSuccess: async (node) => {
      message.success(t('added.done'))
      await queries.invalidateQueries({ queryKey: ['nodes'] })
      onAdded(node.id)
    },
  })
  const [dirty, setDirty] = useState(false)
  const leave = useUnsaved(dirty && !add.isPending)
  return (
    <Drawer open onClose={() => leave(onClose)} title={t('add.title', { name: below.name })} size={640} extra={<Button type="primary" loading={add.isPending} onClick={() => form.submit()}>{t('add')}</Button>}>
      <Alert type="info" showIcon className="aside" title={t('add.about')} />
      <Form<RaNode> form={form} layout="vertical" onValuesChange={() => setDirty(true)} initialValues={{ level: levels[0], rights: {} }} onFinish={(node) => !add.isPending && add.mutate(node)}>
        <Form.Item name="id" label={t('id')} extra={t('id.help')} rules={[{ required: true, pattern: /^[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?$/, message: t('id.wrong') }]}>
          <Input maxLength={24} autoComplete="off" />
        </Form.Item>
        <Form.Item name="level" label={t('level')}>
          <Select options={levels.map((value) => ({ value, label: t(`level.${value}`) }))} />
        </Form.Item>
        <NodeFields />
        <Loaded query={above}>{(e) => <RightsFields above={e} />}</Loaded>
      </Form>
      {add.isError && <Failure error={add.error} />}
    </Drawer>
  )
}
