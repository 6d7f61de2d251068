import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { App, Button, DatePicker, Drawer, Form, Input, InputNumber, Select } from 'antd'
import dayjs, { type Dayjs } from 'dayjs'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { nodes, postCode, postSet } from '@/client/ra'
import type { RaPost } from '@/client/ra'
import { DigestField } from '@/components/DigestField'
import { Failure } from '@/components/Failure'
import { ask } from '@/lib/http'
import { useUnsaved } from '@/lib/unsaved'
import type { Given } from './CodeShown'
import { personRoles } from './separation'

// NodeChoice looks nodes up by name or id, as there may be thousands.
function NodeChoice(props: { value?: string; onChange?: (id: string) => void; id?: string; disabled?: boolean }) {
  const [search, setSearch] = useState('')
  const query = useQuery({ queryKey: ['nodes', 'search', search], queryFn: () => ask(nodes({ query: { search: search || undefined, limit: 30 } })) })
  return <Select {...props} showSearch={{ filterOption: false, onSearch: setSearch }} loading={query.isFetching} options={query.data?.items.map((node) => ({ value: node.id, label: `${node.name}（${node.id}）` }))} />
}

interface Seat {
  officer: string
  role: string
  node: string
  title?: string
  until: Dayjs
  days: number
}

// NewPost gives somebody a post and the code to come with, in one.
export function NewPost({ open, ...rest }: { open: boolean; onClose: () => void; onCode: (given: Given) => void }) {
  return open ? <SeatForm {...rest} /> : null
}

function SeatForm({ onClose, onCode }: { onClose: () => void; onCode: (given: Given) => void }) {
  const { t } = useTranslation('officers')
  const [form] = Form.useForm<Seat>()
  const queries = useQueryClient()
  const role = Form.useWatch('role', form)
  const give = useMutation({
    mutationFn: (seat: Seat) => ask(postCode({ body: { officer: seat.officer, role: seat.role, node: seat.node, title: seat.title, until: seat.until.endOf('day').toISOString(), days: seat.days } })).then(({ code }): Given => ({ place: 'ra', name: seat.officer, role: seat.role, code, days: seat.days })),
    onSuccess: (given) => {
      void queries.invalidateQueries({ queryKey: ['posts'] })
      onCode(given)
    },
  })
  const [dirty, setDirty] = useState(false)
  const leave = useUnsaved(dirty && !give.isPending)
  return (
    <Drawer open onClose={() => leave(onClose)} title={t('post.new')} size={480} extra={<Button type="primary" loading={give.isPending} onClick={() => form.submit()}>{t('new.make')}</Button>}>
      <Form<Seat> form={form} layout="vertical" onValuesChange={() => setDirty(true)} initialValues={{ days: 1, until: dayjs().add(1, 'year') }} onFinish={(seat) => !give.isPending && give.mutate(seat)}>
        <Form.Item name="officer" label={t('name')} extra={t('name.help')} rules={[{ required: true, pattern: /^[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?$/, message: t('name.wrong') }]}>
          <Input maxLength={64} autoComplete="off" />
        </Form.Item>
        <Form.Item name="role" label={t('role')} extra={role && t(`role.${role}.does`)} rules={[{ required: true, message: t('role.wrong') }]}>
          <Select options={personRoles.map((value) => ({ value, label: t(`app:role.${value}`) }))} />
        </Form.Item>
        <Form.Item name="node" label={t('node')} rules={[{ required: true, message: t('node.wrong') }]}>
          <NodeChoice />
        </Form.Item>
        <Form.Item name="title" label={t('post.title')}>
          <Input maxLength={60} />
        </Form.Item>
        <Form.Item name="until" label={t('post.until')} extra={t('post.until.help')} rules={[{ required: true }]}>
          <DatePicker />
        </Form.Item>
        <Form.Item name="days" label={t('days')}>
          <InputNumber min={1} max={7} />
        </Form.Item>
      </Form>
      {give.isError && <Failure error={give.error} />}
    </Drawer>
  )
}

interface Papers {
  node: string
  title?: string
  trained?: Dayjs
  confidentiality?: string
  until: Dayjs
}

// PostPapers changes where somebody sits and by which papers.
export function PostPapers({ post, onClose }: { post?: RaPost; onClose: () => void }) {
  return post ? <PapersForm key={post.officer} post={post} onClose={onClose} /> : null
}

function PapersForm({ post, onClose }: { post: RaPost; onClose: () => void }) {
  const { t } = useTranslation('officers')
  const { message } = App.useApp()
  const queries = useQueryClient()
  const [form] = Form.useForm<Papers>()
  const keep = useMutation({
    mutationFn: (papers: Papers) => ask(postSet({ body: { ...post, node: papers.node, title: papers.title, trained: papers.trained?.format('YYYY-MM-DD') ?? '', confidentiality: papers.confidentiality ?? '', until: papers.until.endOf('day').toISOString() } })),
    onSuccess: () => {
      message.success(t('post.kept'))
      void queries.invalidateQueries({ queryKey: ['posts'] })
      onClose()
    },
  })
  const [dirty, setDirty] = useState(false)
  const leave = useUnsaved(dirty && !keep.isPending)
  return (
    <Drawer open onClose={() => leave(onClose)} title={t('post.papers', { name: post.officer })} size={480}>
      <Form<Papers> form={form} layout="vertical" onValuesChange={() => setDirty(true)} initialValues={{ node: post.node, title: post.title, trained: post.trained ? dayjs(post.trained) : undefined, confidentiality: post.confidentiality, until: dayjs(post.until) }} onFinish={(papers) => !keep.isPending && keep.mutate(papers)}>
        <Form.Item name="node" label={t('node')} rules={[{ required: true, message: t('node.wrong') }]}>
          <NodeChoice />
        </Form.Item>
        <Form.Item name="title" label={t('post.title')}>
          <Input maxLength={60} />
        </Form.Item>
        <Form.Item name="trained" label={t('post.trained')}>
          <DatePicker maxDate={dayjs()} />
        </Form.Item>
        <Form.Item name="confidentiality" label={t('post.paper')} extra={t('post.paper.help')}>
          <DigestField label={t('post.paper.choose')} />
        </Form.Item>
        <Form.Item name="until" label={t('post.until')} extra={t('post.until.help')} rules={[{ required: true }]}>
          <DatePicker />
        </Form.Item>
        {keep.isError && <Failure error={keep.error} />}
        <Button type="primary" htmlType="submit" loading={keep.isPending}>
          {t('save')}
        </Button>
      </Form>
    </Drawer>
  )
}
