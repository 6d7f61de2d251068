import { useMutation, useQuery } from '@tanstack/react-query'
import { Alert, Button, Card, Flex, Form, Select } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { issuers, profiles } from '@/client/ca'
import type { CaProfileView } from '@/client/ca'
import { Failure } from '@/components/Failure'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { ask } from '@/lib/http'
import { useUnsaved } from '@/lib/unsaved'
import type { Asked } from './asked'
import { begin, carryOut, type Carried } from './carryOut'
import { HandOver } from './HandOver'
import { Issued } from './Issued'
import { HolderCard, KeyCard, MoreCard, NameCard } from './IssueCards'
import { useMay } from './Look'

// Issue is an order by hand at the centre, for what does not come through a registration.
export default function Issue() {
  const { t } = useTranslation('orders')
  const may = useMay()
  const query = useQuery({ queryKey: ['ca', 'profiles'], queryFn: () => ask(profiles()) })
  return (
    <>
      <PageHead title={t('issue.title')} about={t('issue.about')} />
      {may.issue ? <Loaded query={query}>{(all) => <Ordering profiles={all.filter((one) => !one.half_of && !['canary', 'officer', 'site', 'ocsp', 'ca', 'timestamp'].includes(one.kind))} />}</Loaded> : <Alert type="info" showIcon title={t('issue.who')} />}
    </>
  )
}

function Ordering({ profiles: all }: { profiles: CaProfileView[] }) {
  const { t, i18n } = useTranslation('orders')
  const [form] = Form.useForm<Asked>()
  const name = Form.useWatch('profile', form)
  const profile = all.find((one) => one.name === name)
  const issuing = useQuery({ queryKey: ['ca', 'issuers'], queryFn: () => ask(issuers()) })
  const [carried, setCarried] = useState<Carried>(begin)
  const [dirty, setDirty] = useState(false)
  const act = useMutation({ mutationFn: (asked: Asked) => carryOut(asked, profile!, carried, setCarried) })
  useUnsaved(dirty && !act.isSuccess)
  const language = i18n.language === 'zh-CN' ? 'zh' : 'en'
  if (act.isSuccess) {
    return (
      <Flex vertical gap={16}>
        <Alert type="success" showIcon title={t('issue.done')} />
        {carried.packed && <HandOver carried={carried} />}
        <Issued issued={carried.issued!} />
        <div>
          <Button
            type="primary"
            onClick={() => {
              setCarried(begin())
              setDirty(false)
              form.resetFields()
              act.reset()
            }}
          >
            {t('issue.again')}
          </Button>
        </div>
      </Flex>
    )
  }
  return (
    <Form form={form} layout="vertical" className="recovery-form" initialValues={{ key: 'request', who: 'holder', identityKind: 'resident' }} onValuesChange={() => setDirty(true)} onFinish={(asked) => !act.isPending && act.mutate(asked)}>
      <Card size="small" title={t('what')}>
        <div className="part-form">
          <Form.Item name="profile" label={t('profile')} rules={[{ required: true, message: t('required') }]}>
            <Select showSearch={{ optionFilterProp: 'label' }} disabled={!!carried.request} options={all.map((one) => ({ value: one.name, label: t('named', { name: one.description[language], of: one.name }) }))} popupMatchSelectWidth={false} />
          </Form.Item>
          <Form.Item name="issuer" label={t('issuer')}>
            <Select allowClear placeholder={t('issuer.auto')} options={issuing.data?.map((one) => ({ value: one.id, label: `${one.id} (${one.suite})` }))} />
          </Form.Item>
        </div>
      </Card>
      {profile && (
        <>
          <KeyCard profile={profile} fixed={!!carried.request} />
          <HolderCard />
          <NameCard profile={profile} />
          <MoreCard profile={profile} />
          {act.isError && <Failure error={act.error} />}
          <Button type="primary" htmlType="submit" loading={act.isPending} className="form-act">
            {carried.request || carried.issued ? t('issue.go-on') : t('issue.act')}
          </Button>
        </>
      )}
    </Form>
  )
}
