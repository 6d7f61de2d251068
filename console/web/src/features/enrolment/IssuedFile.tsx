import { DownloadOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Alert, Button, Checkbox, Descriptions, Flex, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { digestOf } from '@/components/DigestField'
import { Visible } from '@/components/Visible'
import { fromBase64 } from '@/lib/der'
import { date } from '@/lib/format'
import { save } from '@/lib/http'
import type { Issued } from './code'
import { Fingerprint } from './Fingerprint'

// IssuedFile shows what was issued, and has the file kept before anything else.
export function IssuedFile({ issued, password, kept, onKept }: { issued: Issued; password?: string; kept: boolean; onKept: (kept: boolean) => void }) {
  const { t } = useTranslation('enrolment')
  const { sign, chain } = issued.issued
  const own = useFingerprint(sign.der ?? '')
  const root = useFingerprint(chain.at(-1) ?? '')
  return (
    <Flex vertical gap={16}>
      <Alert type={kept ? 'success' : 'warning'} showIcon title={t('issued', { file: issued.fileName })} description={<p className="lines">{t('issued.text')}</p>} />
      {password && (
        <Flex gap={12} align="center" wrap>
          <span>{t('password')}</span>
          <Typography.Text code copyable={{ text: password }} className="enrolment-made">
            {password}
          </Typography.Text>
        </Flex>
      )}
      <Flex gap={16} align="center" wrap>
        <Button icon={<DownloadOutlined />} onClick={() => save(issued.file, issued.fileName)}>
          {t('save')}
        </Button>
        <Checkbox checked={kept} onChange={({ target }) => onKept(target.checked)}>
          {t('kept')}
        </Checkbox>
      </Flex>
      <Descriptions
        className="enrolment-facts"
        column={1}
        size="small"
        bordered
        items={[
          { key: 'name', label: t('name'), children: <><Visible text={issued.name} />{t('role', { role: t(`app:role.${issued.role}`) })}</> },
          { key: 'subject', label: t('subject'), children: <Visible text={sign.subject} /> },
          { key: 'until', label: t('until'), children: date(sign.not_after) },
          { key: 'serial', label: t('serial'), children: <span className="code">{sign.serial}</span> },
          { key: 'print', label: t('fingerprint'), children: <Fingerprint of={own} /> },
          { key: 'root', label: t('root'), children: <Flex vertical gap={4}><Fingerprint of={root} /><span className="quiet">{t('root.compare')}</span></Flex> },
        ]}
      />
    </Flex>
  )
}

function useFingerprint(der: string): string {
  const { data } = useQuery({ queryKey: ['fingerprint', der], queryFn: () => digestOf(fromBase64(der).buffer) })
  return data ?? ''
}
