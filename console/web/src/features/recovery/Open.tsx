import { MinusCircleOutlined, PlusOutlined } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { Button, Card, Form, Input, InputNumber, Radio } from 'antd'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { caseOpen } from '@/client/kmc'
import { Failure } from '@/components/Failure'
import { PageHead } from '@/components/PageHead'
import { PemInput } from '@/components/PemInput'
import { derOf } from '@/lib/der'
import { ask } from '@/lib/http'
import { useUnsaved } from '@/lib/unsaved'
import { orderOf, type Asked } from './order'

// Open proposes a judicial recovery: by one custodian, for others to agree to.
export default function Open() {
  const { t } = useTranslation('recovery')
  const navigate = useNavigate()
  const [form] = Form.useForm<Asked>()
  const [dirty, setDirty] = useState(false)
  const which = Form.useWatch('which', form)
  const withheld = Form.useWatch('withhold_days', form)
  const act = useMutation({ mutationFn: (asked: Asked) => ask(caseOpen({ body: orderOf(asked) })) })
  useUnsaved(dirty && !act.isSuccess)
  const opened = act.data?.id
  useEffect(() => {
    if (opened) void navigate(`/recovery/cases/${opened}`)
  }, [opened, navigate])
  const required = [{ required: true, whitespace: true, message: t('required') }]
  return (
    <>
      <PageHead title={t('open.title')} about={t('open.about')} />
      <Form form={form} layout="vertical" className="recovery-form" initialValues={{ which: 'holder', certificates: [''], keys: '' }} onValuesChange={() => setDirty(true)} onFinish={(asked) => !act.isPending && act.mutate(asked)}>
        <Card size="small" title={t('open.order')}>
          <div className="part-form">
            <Form.Item name="number" label={t('number')} extra={t('number.help')} rules={required}>
              <Input maxLength={200} />
            </Form.Item>
            <Form.Item name="authority" label={t('authority')} rules={required}>
              <Input maxLength={200} placeholder="示例市公安局" />
            </Form.Item>
          </div>
          <Form.Item name="reason" label={t('reason')} rules={required}>
            <Input.TextArea rows={2} maxLength={1000} showCount />
          </Form.Item>
        </Card>
        <Card size="small" title={t('open.keys')}>
          <Form.Item name="which" label={t('open.which')}>
            <Radio.Group optionType="button" options={(['holder', 'keys'] as const).map((value) => ({ value, label: t(`open.which.${value}`) }))} />
          </Form.Item>
          {which === 'keys' ? (
            <Form.Item name="keys" label={t('open.which.keys')} extra={t('open.keys.help')} rules={required}>
              <Input.TextArea className="code" rows={3} />
            </Form.Item>
          ) : (
            <Form.Item name="holder" label={t('holder')} extra={t('holder.help')} rules={required}>
              <Input className="code" maxLength={128} />
            </Form.Item>
          )}
        </Card>
        <Card size="small" title={t('open.investigator')}>
          <p className="quiet">{t('open.investigator.about')}</p>
          <Form.List name="certificates">
            {(rows, { add, remove }) => (
              <>
                {rows.map((row) => (
                  <Form.Item key={row.key} label={`${t('open.certificate')} ${row.name + 1}`} required extra={rows.length > 1 && <Button type="link" size="small" icon={<MinusCircleOutlined />} onClick={() => remove(row.name)}>{t('open.certificate.remove')}</Button>}>
                    <Form.Item name={row.name} noStyle rules={[{ validator: (_, pem?: string) => (pem && derOf(pem) ? Promise.resolve() : Promise.reject(new Error(t('pem.bad')))) }]}>
                      <PemInput kind="CERTIFICATE" label={`${t('open.certificate')} ${row.name + 1}`} />
                    </Form.Item>
                  </Form.Item>
                ))}
                <Button type="dashed" icon={<PlusOutlined />} onClick={() => add('')}>
                  {t('open.certificate.add')}
                </Button>
              </>
            )}
          </Form.List>
        </Card>
        <Card size="small" title={t('open.withhold')}>
          <p className="quiet">{t('open.withhold.about')}</p>
          <div className="part-form">
            <Form.Item name="withhold_days" label={t('withhold_days')}>
              <InputNumber min={0} max={3650} className="whole-width" />
            </Form.Item>
            <Form.Item name="withhold_law" label={t('withhold_law')} rules={withheld ? required : []}>
              <Input maxLength={500} disabled={!withheld} />
            </Form.Item>
          </div>
        </Card>
        {act.isError && <Failure error={act.error} />}
        <Button type="primary" htmlType="submit" loading={act.isPending} className="form-act">
          {t('open.act')}
        </Button>
      </Form>
    </>
  )
}
