import { Alert, Flex, Modal, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import type { Place } from '@/app/access'

export interface Given {
  place: Place
  name: string
  role: string
  code: string
  days: number
}

// command is what the one who gets the code types: at a CA a key and its certificate are
// made, everywhere else a certificate of the CA is registered.
export function command(given: Given, address: string): string {
  if (given.role === 'site' || given.role === 'node') return 'onecert … enrol --config … --code-file code.txt'
  switch (given.place) {
    case 'ca':
      return `onecert officer enrol --server ${address} --trust trust.pem --out ${given.name} --code-file code.txt`
    case 'ra':
      return `onecert ra join --ra ${address} --code-file code.txt`
    case 'kmc':
      return `onecert officer join --kmc ${address} --code-file code.txt`
  }
  return `onecert gateway join --gateway ${address} --code-file code.txt`
}

// CodeShown shows a code the one time there is to see it, and what to do with it.
export function CodeShown({ given, onClose }: { given?: Given; onClose: () => void }) {
  const { t } = useTranslation('officers')
  const component = given?.role === 'site' || given?.role === 'node'
  return (
    <Modal open={!!given} onCancel={onClose} onOk={onClose} cancelButtonProps={{ className: 'gone' }} okText={t('code.kept')} title={t('code.for', { name: given?.name })} maskClosable={false} destroyOnHidden>
      {given && (
        <Flex vertical gap={16}>
          <Alert type="warning" showIcon title={t('code.once', { count: given.days })} />
          <Typography.Title level={3} copyable={{ text: given.code }} className="code one-time">
            {given.code}
          </Typography.Title>
          <div>
            {!component && (
              <>
                <Typography.Paragraph>{t('code.page')}</Typography.Paragraph>
                <Typography.Paragraph code copyable>
                  {location.origin + '/enrol'}
                </Typography.Paragraph>
              </>
            )}
            <Typography.Paragraph>{t(component ? 'code.site' : given.place === 'ca' ? 'code.enrol' : 'code.join')}</Typography.Paragraph>
            <Typography.Paragraph code copyable={{ text: command(given, 'https://…') }}>
              {command(given, 'https://…')}
            </Typography.Paragraph>
          </div>
        </Flex>
      )}
    </Modal>
  )
}
