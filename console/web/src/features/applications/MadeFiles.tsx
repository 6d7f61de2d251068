import { DownloadOutlined } from '@ant-design/icons'
import { Alert, Button, Flex, Space } from 'antd'
import { useTranslation } from 'react-i18next'
import type { RaMade } from '@/client/ra'
import { save } from '@/lib/http'
import { octetsOf, pem } from './entry'

// filesOf are the files of a result, as onecert ra result writes them.
export function filesOf(id: string, made: RaMade): { key: string; name: string; content: BlobPart }[] {
  const certificates = [made.sign, ...(made.encrypt ? [made.encrypt] : [])].map((one) => pem('CERTIFICATE', one.der)).join('')
  const chain = made.chain.map((der) => pem('CERTIFICATE', der)).join('')
  return [
    { key: 'sign', name: `${id}-sign.cer`, content: octetsOf(made.sign.der) },
    ...(made.encrypt ? [{ key: 'encrypt', name: `${id}-encrypt.cer`, content: octetsOf(made.encrypt.der) }] : []),
    { key: 'chain', name: `${id}-chain.pem`, content: chain },
    { key: 'bundle', name: `${id}-bundle.pem`, content: certificates + chain },
    ...(made.envelope ? [{ key: 'envelope', name: `${id}-envelope.der`, content: octetsOf(made.envelope.der) }] : []),
    ...(made.history ?? []).map((grant, n) => ({ key: 'history', name: `${id}-history-${n + 1}.der`, content: octetsOf(grant.envelope.der) })),
  ]
}

export function MadeFiles({ id, made }: { id: string; made: RaMade }) {
  const { t } = useTranslation('applications')
  return (
    <Flex vertical gap={8}>
      <Space wrap>
        {filesOf(id, made).map((file) => (
          <Button key={file.name} icon={<DownloadOutlined />} onClick={() => save(new Blob([file.content]), file.name)}>
            {t(`file.${file.key}`)}
          </Button>
        ))}
      </Space>
      {made.envelope && <span className="quiet">{t('envelope.about', { format: made.envelope.format })}</span>}
      {made.history_waits && <Alert type="info" showIcon title={t('history.waits')} />}
    </Flex>
  )
}
