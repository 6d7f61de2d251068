import { Alert, Button, Descriptions, Drawer, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Row } from './proven'
import { soundness, type Sound, type Verdict } from './verdict'

const types: Record<Sound, 'success' | 'info' | 'error'> = { proven: 'success', unsigned: 'info', broken: 'error', rewritten: 'error', forged: 'error' }

// Proof says what this browser found out about the entries that are shown, and no more.
export function Proof({ rows }: { rows: Row[] }) {
  const { t } = useTranslation('audit')
  const [open, setOpen] = useState(false)
  const verdicts = [...new Set(rows.map((row) => row.verdict))]
  const sound = soundness(verdicts, rows.map((row) => row.entry.number))
  const last = verdicts.reduce((a, b) => (b.head.size > a.head.size ? b : a))
  const grown = verdicts.find((verdict) => verdict.continues)
  return (
    <>
      <Alert
        type={types[sound]}
        showIcon
        title={t(`sound.${sound}`, { count: rows.length })}
        description={
          <>
            {t(`sound.${sound}.text`, { size: last.head.size })} {sound in { proven: 1, unsigned: 1 } && (grown?.continues ? t('continues', { size: grown.continues.size }) : t('continues.first'))}
          </>
        }
        action={<Button onClick={() => setOpen(true)}>{t('proof.open')}</Button>}
      />
      <Drawer open={open} onClose={() => setOpen(false)} title={t('proof')} size="large">
        <Explained verdict={last} />
      </Drawer>
    </>
  )
}

function Explained({ verdict }: { verdict: Verdict }) {
  const { t } = useTranslation('audit')
  return (
    <>
      <Typography.Title level={5}>{t('proof.what')}</Typography.Title>
      <Typography.Paragraph className="lines">{t('proof.what.text')}</Typography.Paragraph>
      <Typography.Title level={5}>{t('proof.not')}</Typography.Title>
      <Typography.Paragraph className="lines">{t('proof.not.text')}</Typography.Paragraph>
      <Descriptions
        column={1}
        size="small"
        bordered
        items={[
          { key: 'origin', label: t('proof.origin'), children: <span className="code">{verdict.head.origin}</span> },
          { key: 'size', label: t('proof.size'), children: verdict.head.size },
          { key: 'root', label: t('proof.root'), children: <span className="code">{verdict.head.body.split('\n')[2]}</span> },
          { key: 'signed', label: t('proof.signed'), children: t(`signed.${verdict.signed}`, { by: verdict.by.join(t('and')) }) },
          { key: 'keys', label: t('proof.keys'), children: verdict.keys.map((key) => <Typography.Paragraph key={key} className="code" copyable>{key}</Typography.Paragraph>) },
          { key: 'head', label: t('proof.head'), children: <Typography.Paragraph className="code lines" copyable={{ text: verdict.text }}>{verdict.text}</Typography.Paragraph> },
          { key: 'offline', label: t('proof.offline'), children: <Typography.Text code copyable>onecert audit verify --config ca.yaml --heads heads/</Typography.Text> },
        ]}
      />
    </>
  )
}
