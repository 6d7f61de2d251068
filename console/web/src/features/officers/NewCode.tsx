import { useMutation, useQuery } from '@tanstack/react-query'
import { Alert, Button, Drawer, Form, Input, InputNumber, Select } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Place } from '@/app/access'
import { Failure } from '@/components/Failure'
import { useUnsaved } from '@/lib/unsaved'
import { codeAt, officersAt } from './calls'
import type { Given } from './CodeShown'
import { conflict, personRoles, placeRoles } from './separation'

// How officers and sites are called (officer/role.go).
const nameForm = /^[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?$/

interface Order {
  name: string
  role: string
  days: number
}

// NewCode asks for a one-time code for somebody, and says before the server does why a
// role cannot be given.
export function NewCode({ place, open, onClose, onCode }: { place: Place; open: boolean; onClose: () => void; onCode: (given: Given) => void }) {
  const { t } = useTranslation('officers')
  const [form] = Form.useForm<Order>()
  const name = Form.useWatch('name', form)
  const role = Form.useWatch('role', form)
  const [, again] = useState(0)
  const namesakes = useQuery({ queryKey: ['officers', place, 'named', name], queryFn: () => officersAt(place, { name, state: 'active', limit: 200 }), enabled: open && !!name && nameForm.test(name) })
  const held = [...new Set((namesakes.data ?? []).filter((one) => one.name === name).flatMap((one) => one.roles))]
  const wrong = role ? conflict(held, role) : undefined
  const make = useMutation({
    mutationFn: (order: Order) => codeAt(place, order).then((code) => ({ place, code, ...order })),
    onSuccess: (given) => {
      form.resetFields()
      setDirty(false)
      again((n) => n + 1)
      onCode(given)
    },
  })
  const [dirty, setDirty] = useState(false)
  const leave = useUnsaved(open && dirty && !make.isPending)
  const close = () => {
    form.resetFields() // what was given up does not come back with the next
    setDirty(false)
    onClose()
  }
  return (
    <Drawer open={open} onClose={() => leave(close)} title={t('new')} size={480} destroyOnHidden extra={<Button type="primary" loading={make.isPending} disabled={!!wrong} onClick={() => form.submit()}>{t('new.make')}</Button>}>
      <Form<Order> form={form} layout="vertical" onValuesChange={() => setDirty(true)} initialValues={{ days: 1 }} onFinish={(order) => !make.isPending && make.mutate(order)}>
        <Form.Item name="name" label={t('name')} extra={t('name.help')} rules={[{ required: true, message: t('name.wrong') }, { pattern: nameForm, message: t('name.wrong') }]}>
          <Input autoFocus maxLength={64} autoComplete="off" />
        </Form.Item>
        <Form.Item name="role" label={t('role')} extra={role && t(`role.${role}.does`)} rules={[{ required: true, message: t('role.wrong') }]}>
          <Select
            options={[
              { label: t('persons'), title: 'p', options: personRoles.map((value) => ({ value, label: t(`app:role.${value}`), disabled: !!conflict(held, value) })) },
              { label: t('sites'), title: 's', options: placeRoles.map((value) => ({ value, label: t(`app:role.${value}`), disabled: !!conflict(held, value) })) },
            ]}
          />
        </Form.Item>
        {held.length > 0 && <Alert type="info" showIcon title={t('held', { name, roles: held.map((one) => t(`app:role.${one}`)).join(t('app:or')) })} description={personRoles.some((one) => conflict(held, one)) ? t('held.why') : undefined} />}
        {wrong && <Alert type="error" showIcon title={t(`conflict.${wrong}`)} />}
        <Form.Item name="days" label={t('days')} className="below">
          <InputNumber min={1} max={7} />
        </Form.Item>
      </Form>
      {make.isError && <Failure error={make.error} />}
    </Drawer>
  )
}
