import { Alert, Button, Flex, Modal, Typography } from 'antd'
import { useTranslation } from 'react-i18next'

export interface Secret {
  title: string
  text: string
  about: string
}

// Once shows a code or a password the one time it can be seen. It is nowhere else: not
// in a query's memory, not in the address.
export function Once({ secret, onClose }: { secret?: Secret; onClose: () => void }) {
  const { t } = useTranslation('applications')
  return (
    <Modal open={!!secret} title={secret?.title} onCancel={onClose} mask={{ closable: false }} destroyOnHidden footer={<Flex justify="end" gap={8}><Button onClick={() => window.print()}>{t('print')}</Button><Button type="primary" onClick={onClose}>{t('once.noted')}</Button></Flex>}>
      {secret && (
        <Flex vertical gap={12}>
          <Typography.Text copyable={{ text: secret.text }} className="code once">
            {secret.text}
          </Typography.Text>
          <p className="lines">{secret.about}</p>
          <Alert type="warning" showIcon title={t('once.only')} />
        </Flex>
      )}
    </Modal>
  )
}
