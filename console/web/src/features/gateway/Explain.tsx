import { CheckCircleTwoTone, CloseCircleTwoTone, UploadOutlined } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { Alert, AutoComplete, Button, Card, DatePicker, Flex, Form, Input, Radio, Select, Timeline, Upload } from 'antd'
import type { Dayjs } from 'dayjs'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import { explain } from '@/client/gateway'
import type { GatewayAnswer, GatewayQuestion } from '@/client/gateway'
import { Failure } from '@/components/Failure'
import { Visible } from '@/components/Visible'
import { ask } from '@/lib/http'
import { useConfiguration } from './configuration'

type Asked = Omit<GatewayQuestion, 'at' | 'groups'> & { who: 'certificate' | 'user' | 'nobody'; at?: Dayjs; groups?: string[] }

const logins = ['password', 'code', 'certificate', 'certificate-password', 'hardware', 'hardware-password'] as const

function question({ who, at, ...rest }: Asked): GatewayQuestion {
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined && value !== '')) as unknown as GatewayQuestion
  if (who !== 'certificate') delete given.certificate
  if (who !== 'user') {
    delete given.user
    delete given.groups
  }
  if (who === 'nobody') delete given.login
  return at ? { ...given, at: at.toISOString() } : given
}

// Explain asks the policy that runs whether somebody would get in, and why or why not.
export function Explain() {
  const { t } = useTranslation('gateway')
  const [search] = useSearchParams()
  const configuration = useConfiguration()
  const [form] = Form.useForm<Asked>()
  const who = Form.useWatch('who', form)
  const ask_ = useMutation({ mutationFn: (asked: Asked) => ask(explain({ body: question(asked) })) })
  const applications = [...new Set([...(configuration.data?.configuration.applications.map((one) => one.name) ?? []), ...(configuration.data?.configuration.services.flatMap((one) => (one.target ? [one.target.application] : [])) ?? [])])]
  return (
    <div className="explain">
      <Card size="small" title={t('explain.question')}>
        <Form form={form} layout="vertical" initialValues={{ who: 'certificate', application: search.get('application') ?? undefined, path: '/', method: 'GET', protocol: 'tls', address: '10.1.2.3' }} onFinish={(asked) => !ask_.isPending && ask_.mutate(asked)}>
          <Form.Item name="who" label={t('explain.who')}>
            <Radio.Group optionType="button" options={(['certificate', 'user', 'nobody'] as const).map((value) => ({ value, label: t(`explain.who.${value}`) }))} />
          </Form.Item>
          {who === 'certificate' && (
            <>
              <Form.Item name="certificate" label={t('explain.certificate')} rules={[{ required: true, message: t('explain.certificate.required') }]}>
                <Input.TextArea className="code" rows={4} placeholder="-----BEGIN CERTIFICATE-----" />
              </Form.Item>
              <Upload showUploadList={false} accept=".pem,.crt,.cer" beforeUpload={(file) => (void file.text().then((certificate) => form.setFieldValue('certificate', certificate)), false)}>
                <Button icon={<UploadOutlined />} className="below-field">
                  {t('explain.file')}
                </Button>
              </Upload>
            </>
          )}
          {who === 'user' && (
            <>
              <Form.Item name="user" label={t('explain.user')} rules={[{ required: true, message: t('explain.user.required') }]}>
                <Input />
              </Form.Item>
              <Form.Item name="groups" label={t('condition.groups')}>
                <Select mode="tags" open={false} suffixIcon={null} />
              </Form.Item>
            </>
          )}
          {who !== 'nobody' && (
            <Form.Item name="login" label={t('explain.login')}>
              <Select allowClear placeholder={t('login.certificate')} options={logins.map((value) => ({ value, label: t(`login.${value}`) }))} />
            </Form.Item>
          )}
          <div className="part-form">
            <Form.Item name="application" label={t('kind.applications.one')} rules={[{ required: true, message: t('explain.application.required') }]}>
              <AutoComplete options={applications.map((value) => ({ value }))} showSearch={{ filterOption: true }} />
            </Form.Item>
            <Form.Item name="path" label={t('condition.paths')}>
              <Input />
            </Form.Item>
            <Form.Item name="method" label={t('condition.methods')}>
              <Select options={['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map((value) => ({ value }))} />
            </Form.Item>
            <Form.Item name="address" label={t('explain.address')} rules={[{ required: true, message: t('explain.address.required') }]}>
              <Input />
            </Form.Item>
            <Form.Item name="protocol" label={t('condition.protocols')}>
              <Select options={['tls', 'tlcp', 'tcp'].map((value) => ({ value, label: value.toUpperCase() }))} />
            </Form.Item>
            <Form.Item name="at" label={t('explain.at')}>
              <DatePicker showTime placeholder={t('explain.now')} className="whole-width" />
            </Form.Item>
          </div>
          <Button type="primary" htmlType="submit" loading={ask_.isPending}>
            {t('explain.ask')}
          </Button>
        </Form>
      </Card>
      <Card size="small" title={t('explain.answer')}>
        {ask_.isError && <Failure error={ask_.error} />}
        {ask_.isSuccess && <Answer answer={ask_.data} />}
        {!ask_.isError && !ask_.isSuccess && <span className="quiet">{t('explain.none')}</span>}
      </Card>
    </div>
  )
}

const colours: Record<string, string> = { matches: 'green', 'not-matched': 'gray', excepted: 'orange', disabled: 'gray' }

function Answer({ answer }: { answer: GatewayAnswer }) {
  const { t, i18n } = useTranslation('gateway')
  const language = i18n.language === 'zh-CN' ? 'zh' : 'en'
  const { decision, rules, text } = answer.explanation
  return (
    <Flex vertical gap={16} aria-live="polite">
      <Flex gap={12} align="center">
        {decision.allowed ? <CheckCircleTwoTone twoToneColor="#389e0d" className="explain-mark" /> : <CloseCircleTwoTone twoToneColor="#cf1322" className="explain-mark" />}
        <strong className="explain-verdict">{text[language]}</strong>
      </Flex>
      {answer.verdict && <Alert type="warning" showIcon title={t('explain.verdict', { verdict: answer.verdict })} description={<Visible text={answer.reason} empty="" />} />}
      <Timeline
        items={rules.map((rule) => ({
          color: rule.outcome === 'matches' && rule.effect === 'deny' ? 'red' : colours[rule.outcome],
          content: (
            <>
              <strong>{rule.rule}</strong> {rule.name && <span className="quiet"><Visible text={rule.name} /></span>} <span className="quiet">({t(`effect.${rule.effect}`)})</span>
              <div>{rule.text[language]}</div>
            </>
          ),
        }))}
      />
      <span className="quiet">{t('explain.version', { version: answer.version })}</span>
    </Flex>
  )
}
