import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Alert, App, Button, Checkbox, DatePicker, Drawer, Form, Input, InputNumber } from 'antd'
import dayjs, { type Dayjs } from 'dayjs'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ruleSet } from '@/client/ra'
import type { RaRule } from '@/client/ra'
import { Failure } from '@/components/Failure'
import { PlaceSelect } from '@/components/PlaceSelect'
import { ask } from '@/lib/http'
import { useUnsaved } from '@/lib/unsaved'

const operations = ['issue', 'renew', 'reissue', 'modify', 'revoke', 'freeze', 'unfreeze', 'cancel']
const kinds = ['person', 'organisation', 'device', 'code']

type Fields = Pick<RaRule, 'name' | 'node' | 'operations' | 'kinds' | 'quota'> & { until: Dayjs }

// RuleForm enters or changes a rule; both leave it off, so that switching on is an act of
// its own.
export function RuleForm({ rule, node, onClose }: { rule?: RaRule; node: string; onClose: () => void }) {
  const { t } = useTranslation('rules')
  const { message } = App.useApp()
  const queries = useQueryClient()
  const [form] = Form.useForm<Fields>()
  const keep = useMutation({
    mutationFn: (fields: Fields) => ask(ruleSet({ body: { ...fields, until: fields.until.endOf('day').toISOString(), active: false, version: rule?.version ?? 0 } })),
    onSuccess: () => {
      message.success(t('saved'))
      void queries.invalidateQueries({ queryKey: ['rules'] })
      onClose()
    },
  })
  const [dirty, setDirty] = useState(false)
  const leave = useUnsaved(dirty && !keep.isPending)
  const chosen = Form.useWatch('operations', form) as string[] | undefined
  return (
    <Drawer open onClose={() => leave(onClose)} title={rule ? t('edit.title', { name: rule.name }) : t('new')} size={520} extra={<Button type="primary" loading={keep.isPending} onClick={() => form.submit()}>{t('save')}</Button>}>
      <Form<Fields> form={form} layout="vertical" onValuesChange={() => setDirty(true)} initialValues={rule ? { ...rule, until: dayjs(rule.until) } : { node, quota: 1000, operations: ['renew'], kinds: ['person'], until: dayjs().add(6, 'month') }} onFinish={(fields) => !keep.isPending && keep.mutate(fields)}>
        <Form.Item name="name" label={t('name')} extra={t('name.help')} rules={[{ required: true, pattern: /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/, message: t('name.help') }]}>
          <Input disabled={!!rule} maxLength={40} autoComplete="off" />
        </Form.Item>
        <Form.Item name="node" label={t('node')} extra={t('node.help')} rules={[{ required: true }]}>
          <PlaceSelect className="wide" label={t('node')} disabled={!!rule} only={(one) => one.level !== 'lra'} />
        </Form.Item>
        <Form.Item name="operations" label={t('operations')} rules={[{ required: true, message: t('choose') }]}>
          <Checkbox.Group options={operations.map((value) => ({ value, label: t(`operation.${value}`) }))} />
        </Form.Item>
        {chosen?.some((one) => ['revoke', 'cancel', 'unfreeze', 'issue'].includes(one)) && <Alert type="warning" showIcon className="aside" title={t('strong')} />}
        <Form.Item name="kinds" label={t('kinds')} rules={[{ required: true, message: t('choose') }]}>
          <Checkbox.Group options={kinds.map((value) => ({ value, label: t(`kind.${value}`) }))} />
        </Form.Item>
        <Form.Item name="quota" label={t('quota')} extra={t('quota.help')} rules={[{ required: true }]}>
          <InputNumber min={1} max={1_000_000} />
        </Form.Item>
        <Form.Item name="until" label={t('until')} rules={[{ required: true }]}>
          <DatePicker minDate={dayjs()} maxDate={dayjs().add(365, 'day')} />
        </Form.Item>
      </Form>
      {keep.isError && <Failure error={keep.error} />}
    </Drawer>
  )
}
