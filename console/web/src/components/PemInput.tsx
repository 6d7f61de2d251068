import { UploadOutlined } from '@ant-design/icons'
import { Button, Flex, Input, Upload } from 'antd'
import { useTranslation } from 'react-i18next'
import { pemOfFile } from '@/lib/der'

interface Props {
  id?: string // given by the form
  value?: string
  onChange?: (pem: string) => void
  kind: 'CERTIFICATE' | 'CERTIFICATE REQUEST'
  label: string
}

// PemInput takes a certificate or a request, pasted or from a file (PEM or DER).
export function PemInput({ id, value, onChange, kind, label }: Props) {
  const { t } = useTranslation('components')
  return (
    <Flex vertical gap={8} align="start">
      <Input.TextArea id={id} aria-label={label} className="code" rows={4} spellCheck={false} value={value} placeholder={`-----BEGIN ${kind}-----`} onChange={(event) => onChange?.(event.target.value)} />
      <Upload showUploadList={false} beforeUpload={(file) => (void pemOfFile(file, kind).then((pem) => onChange?.(pem)), false)}>
        <Button size="small" icon={<UploadOutlined />}>
          {t('pem.file')}
        </Button>
      </Upload>
    </Flex>
  )
}
