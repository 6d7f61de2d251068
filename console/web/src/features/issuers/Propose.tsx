import { Form, InputNumber, Select } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { proposeCrlNumber, proposeReplacement } from '@/client/ca'
import type { CaIssuerView, OfficerReceipt } from '@/client/ca'
import { Act } from '@/components/Act'
import { ask } from '@/lib/http'

// RaiseNumber proposes to go on counting lists above a number: after a restore the CA may
// not know how far it had come (RFC 5280 5.2.3 wants numbers that only rise).
export function RaiseNumber({ issuer, onDone }: { issuer: string; onDone: (receipt: OfficerReceipt) => void }) {
  const { t } = useTranslation('issuers')
  const [number, setNumber] = useState<number | null>(null)
  return (
    <Act
      label={t('raise')}
      title={t('raise.ask', { issuer })}
      about={<p>{t('raise.about')}</p>}
      reason="required"
      done={t('proposed')}
      run={async (reason) => onDone(await ask(proposeCrlNumber({ path: { issuer }, body: { number: number ?? 0, reason } })))}
    >
      <Form.Item label={t('raise.number')} required>
        <InputNumber aria-label={t('raise.number')} min={1} precision={0} value={number} onChange={setNumber} className="whole-width" />
      </Form.Item>
    </Act>
  )
}

// Replace proposes to issue anew under another CA everything this one has issued: in a
// drill, or because its key was stolen.
export function Replace({ issuer, others, onDone }: { issuer: string; others: CaIssuerView[]; onDone: (receipt: OfficerReceipt) => void }) {
  const { t } = useTranslation('issuers')
  const [to, setTo] = useState<string>()
  return (
    <Act
      label={t('replace')}
      title={t('replace.ask', { issuer })}
      about={<p>{t('replace.about')}</p>}
      reason="required"
      danger
      done={t('proposed')}
      run={async (reason) => onDone(await ask(proposeReplacement({ path: { issuer }, body: { to: to ?? '', reason } })))}
    >
      <Form.Item label={t('replace.to')} required extra={t('replace.to.help')}>
        <Select aria-label={t('replace.to')} value={to} onChange={setTo} options={others.map((one) => ({ value: one.id, label: `${one.id} (${one.suite})` }))} />
      </Form.Item>
    </Act>
  )
}
