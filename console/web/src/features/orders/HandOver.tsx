import { DownloadOutlined } from '@ant-design/icons'
import { Alert, Button, Space, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { fromBase64 } from '@/lib/der'
import { minute } from '@/lib/format'
import { save } from '@/lib/http'
import type { Carried } from './carryOut'

// HandOver is a key the centre made, in files, and its password: shown once, and carried
// to the holder by different ways.
export function HandOver({ carried }: { carried: Carried }) {
  const { t } = useTranslation('orders')
  return (
    <Alert
      type="warning"
      showIcon
      title={t('hand.title')}
      description={
        <Space orientation="vertical">
          <span>{t('hand.about', { until: minute(carried.packed!.until) })}</span>
          <Typography.Text copyable strong className="code hand-password" aria-label={t('hand.password')}>
            {carried.password}
          </Typography.Text>
          <Space wrap>
            {carried.packed!.files.map((file) => (
              <Button key={file.name} type="primary" icon={<DownloadOutlined />} onClick={() => save(new Blob([fromBase64(file.content)]), file.name)}>
                {file.name}
              </Button>
            ))}
          </Space>
        </Space>
      }
    />
  )
}
