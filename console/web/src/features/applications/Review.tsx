import { CheckOutlined, CloseOutlined, RollbackOutlined } from '@ant-design/icons'
import { App, Button, Card, Flex, Form, Input, Popconfirm, Space } from 'antd'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import type { RaApplication } from '@/client/ra'
import { useUnsaved } from '@/lib/unsaved'
import { Changed } from './Changed'
import { nextToReview, useDecide, type Decided } from './decide'

// Review is the reviewer's word; afterwards the next application that waits comes up.
export function Review({ application }: { application: RaApplication }) {
  const { t } = useTranslation('applications')
  const { message } = App.useApp()
  const navigate = useNavigate()
  const [note, setNote] = useState('')
  const [bare, setBare] = useState(false)
  const pressed = useRef(false)
  const waited = application.state === 'submitted'
  const can = (act: Decided) => application.legal?.includes(act)
  const next = async () => {
    const id = await nextToReview(application.id).catch(() => undefined)
    if (id) void navigate(`/applications/${id}`)
    else message.info(t('review.none'))
  }
  const decide = useDecide(application, (act) => {
    setNote('')
    message.success(t(`done.${act}`))
    if (waited) void next()
  })
  useUnsaved(note.trim() !== '' && !decide.isPending && !decide.isSuccess)
  const go = (act: Decided) => {
    const lacks = act !== 'approve' && note.trim() === ''
    setBare(lacks)
    if (lacks || pressed.current || decide.isPending) return
    pressed.current = true
    decide.mutate({ act, note }, { onSettled: () => { pressed.current = false } })
  }
  return (
    <Card title={t('review.title')} className="review">
      <Flex vertical gap={12}>
        <Form.Item layout="vertical" label={t('review.note')} validateStatus={bare ? 'error' : undefined} help={bare ? t('review.note.required') : t('review.keys')} className="no-gap" htmlFor="review-note">
          <Input.TextArea
            id="review-note"
            rows={2}
            maxLength={500}
            value={note}
            onChange={(event) => setNote(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && can('approve')) go('approve')
            }}
          />
        </Form.Item>
        {decide.isError && <Changed application={application} error={decide.error} />}
        <Space wrap>
          {can('approve') && (
            <Button type="primary" icon={<CheckOutlined />} loading={decide.isPending && decide.variables.act === 'approve'} onClick={() => go('approve')}>
              {t('act.approve')}
            </Button>
          )}
          {can('return') && (
            <Button icon={<RollbackOutlined />} loading={decide.isPending && decide.variables.act === 'return'} onClick={() => go('return')}>
              {t('act.return')}
            </Button>
          )}
          {can('reject') && (
            <Popconfirm title={t('reject.sure')} onConfirm={() => go('reject')} okText={t('act.reject')} okButtonProps={{ danger: true }}>
              <Button danger icon={<CloseOutlined />}>{t('act.reject')}</Button>
            </Popconfirm>
          )}
          {waited && <Button type="link" onClick={() => void next()}>{t('review.next')}</Button>}
        </Space>
      </Flex>
    </Card>
  )
}
