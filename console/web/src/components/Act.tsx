import { useMutation, useQueryClient, type QueryKey } from '@tanstack/react-query'
import { App, Button, Form, Input, Modal, type ButtonProps } from 'antd'
import { useRef, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Failure } from './Failure'

interface Props {
  label: ReactNode
  title?: ReactNode // of the question; with it the act is asked about
  about?: ReactNode // what will happen
  reason?: 'required' | 'optional' // a text is asked for
  reasonLabel?: ReactNode
  done: ReactNode // what is said afterwards
  run: (reason: string) => Promise<unknown>
  refresh?: QueryKey[] // what is out of date then
  after?: () => void
  danger?: boolean
  primary?: boolean
  icon?: ReactNode
  disabled?: boolean
  size?: ButtonProps['size']
  children?: ReactNode // further fields, held by the caller
}

// Act is a button that does something: once, however often it is clicked, with a
// question before where it cannot be taken back, and with what came of it.
export function Act(props: Props) {
  const { t } = useTranslation('components')
  const { message } = App.useApp()
  const queries = useQueryClient()
  const [open, setOpen] = useState(false)
  const [form] = Form.useForm<{ reason?: string }>()
  const running = useRef(false) // between a second click and the first re-rendering
  const act = useMutation({
    mutationFn: (reason: string) => props.run(reason.trim()),
    onSuccess: async () => {
      setOpen(false)
      message.success(props.done)
      await Promise.all((props.refresh ?? []).map((queryKey) => queries.invalidateQueries({ queryKey })))
      props.after?.()
    },
    onSettled: () => {
      running.current = false
    },
  })
  const go = (reason: string) => {
    if (running.current) return
    running.current = true
    act.mutate(reason, { onError: () => setOpen(true) }) // why not is said in the window
  }
  const asks = props.title !== undefined || props.reason !== undefined
  const start = () => {
    if (running.current) return
    act.reset()
    form.resetFields()
    if (asks) setOpen(true)
    else go('')
  }
  return (
    <>
      <Button type={props.primary ? 'primary' : 'default'} danger={props.danger} icon={props.icon} size={props.size} disabled={props.disabled} loading={act.isPending && !open} onClick={start}>
        {props.label}
      </Button>
      <Modal
        open={open}
        title={props.title ?? props.label}
        okText={props.label}
        cancelText={t('cancel')}
        okButtonProps={{ danger: props.danger, loading: act.isPending }}
        cancelButtonProps={{ disabled: act.isPending }}
        onCancel={() => !act.isPending && setOpen(false)}
        onOk={() => void form.validateFields().then(({ reason }) => go(reason ?? ''), () => undefined)}
        // The window puts the focus on its first button when it is there; one types first.
        afterOpenChange={(there) => there && props.reason && setTimeout(() => (form.getFieldInstance('reason') as { focus?: () => void } | undefined)?.focus?.())}
        destroyOnHidden
      >
        {props.about}
        <Form form={form} layout="vertical">
          {props.children}
          {props.reason && (
            <Form.Item name="reason" label={props.reasonLabel ?? t('reason')} rules={[{ required: props.reason === 'required', whitespace: true, message: t('reason.required') }]}>
              <Input.TextArea autoFocus rows={3} maxLength={500} showCount />
            </Form.Item>
          )}
        </Form>
        {act.isError && <Failure error={act.error} />}
      </Modal>
    </>
  )
}
