import { Button, Card, Form, Input } from 'antd'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Failure } from '@/components/Failure'

export interface Proof {
  number: string
  code: string
}

// NumberAndCode asks for the two things that stand on a receipt. They go in the body of
// a call, never into an address.
export function NumberAndCode({ label, act, example, error, busy, onProof, children }: { label: string; act: string; example: string; error: Error | null; busy: boolean; onProof: (proof: Proof) => void; children?: ReactNode }) {
  const { t } = useTranslation('self')
  return (
    <Card>
      <Form layout="vertical" size="large" onFinish={(said: Proof) => !busy && onProof({ number: said.number.trim(), code: said.code.trim() })}>
        <Form.Item name="number" label={label} rules={[{ required: true, whitespace: true, message: t('number.required') }]}>
          <Input autoComplete="off" autoCapitalize="off" placeholder={example} maxLength={64} className="code" />
        </Form.Item>
        <Form.Item name="code" label={t('proof')} rules={[{ required: true, whitespace: true, message: t('code.required') }]}>
          <Input autoComplete="off" autoCapitalize="characters" maxLength={40} className="code" />
        </Form.Item>
        {children}
        {error && <Failure error={error} />}
        <Button type="primary" htmlType="submit" block loading={busy}>
          {act}
        </Button>
      </Form>
    </Card>
  )
}
