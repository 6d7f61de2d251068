import { useMutation } from '@tanstack/react-query'
import { Alert, Button, Descriptions, Flex, Form, Radio, Result, Select } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Place } from '@/app/access'
import type { ConsolePlaceView } from '@/client/console'
import { PemInput } from '@/components/PemInput'
import { Visible } from '@/components/Visible'
import { derOf } from '@/lib/der'
import { useSession } from '@/lib/session'
import { takers } from './code'
import { CodeField } from './CodeField'
import { Fingerprint } from './Fingerprint'
import { NotTaken } from './NotTaken'

interface Wish {
  place: Place
  code: string
  whose: 'shown' | 'file'
  pem?: string
}

// Join registers a certificate of the CA at a place with a code of that place: the one the
// browser came with, or another's from a file.
export function Join({ places }: { places: ConsolePlaceView[] }) {
  const { t } = useTranslation('enrolment')
  const { view, again } = useSession()
  const [form] = Form.useForm<Wish>()
  const whose = Form.useWatch('whose', form)
  const [place] = useState(() => (places.find((one) => !one.known) ?? places[0]).name as Place)
  const { shown } = view
  const join = useMutation({
    mutationFn: (wish: Wish) => takers[wish.place]!({ code: wish.code.trim(), certificate: wish.whose === 'shown' ? shown!.certificate : derOf(wish.pem ?? '')! }),
    onSuccess: again,
  })
  if (join.data) {
    return <Result status="success" title={t('joined', { name: join.data.name, role: t(`app:role.${join.data.role}`) })} subTitle={t('joined.text')} extra={<Button type="primary" href="/">{t('login')}</Button>} />
  }
  return (
    <Flex vertical gap={16}>
      <p className="lines">{t('join.text')}</p>
      {!shown && <Alert type="info" showIcon title={t('join.none')} description={<p className="lines">{t('join.none.text')}</p>} />}
      <Form<Wish> form={form} layout="vertical" autoComplete="off" requiredMark={false} initialValues={{ place, whose: shown ? 'shown' : 'file' }} onFinish={(wish) => !join.isPending && join.mutate(wish)}>
        <Form.Item name="place" label={t('place')} hidden={places.length < 2}>
          <Select options={places.map((one) => ({ value: one.name, label: t(`app:place.${one.name}`) + (one.known ? t('join.known', { name: one.as }) : '') }))} />
        </Form.Item>
        <Form.Item name="whose" label={t('whose')}>
          <Radio.Group options={[{ value: 'shown', label: t('whose.shown'), disabled: !shown }, { value: 'file', label: t('whose.file') }]} />
        </Form.Item>
        {whose === 'shown' && shown && (
          <Descriptions
            column={1}
            size="small"
            bordered
            className="enrolment-facts enrolment-shown"
            items={[
              { key: 'subject', label: t('subject'), children: <Visible text={shown.subject} /> },
              { key: 'print', label: t('fingerprint'), children: <Fingerprint of={shown.fingerprint} /> },
            ]}
          />
        )}
        {whose === 'file' && (
          <Form.Item name="pem" label={t('whose.pem')} rules={[{ validator: (_, pem?: string) => (derOf(pem ?? '') ? Promise.resolve() : Promise.reject(new Error(t('whose.wrong')))) }]} validateTrigger={[]}>
            <PemInput kind="CERTIFICATE" label={t('whose.pem')} />
          </Form.Item>
        )}
        <CodeField />
        {join.isError && <NotTaken error={join.error} />}
        <Button type="primary" size="large" htmlType="submit" loading={join.isPending} block className={join.isError ? 'below' : undefined}>
          {t('join.do')}
        </Button>
      </Form>
    </Flex>
  )
}
