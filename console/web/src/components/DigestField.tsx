import { FileDoneOutlined } from '@ant-design/icons'
import { Button, Flex, Input, Upload } from 'antd'
import type { ReactNode } from 'react'

// digestOf is the SHA-256 of a file, hexadecimal, as this browser computes it.
export async function digestOf(content: ArrayBuffer): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', content)
  return Array.from(new Uint8Array(digest), (octet) => octet.toString(16).padStart(2, '0')).join('')
}

// DigestField takes the SHA-256 of a paper that is kept elsewhere: typed, or computed from
// its file, which is not uploaded.
export function DigestField({ value, onChange, label, id }: { value?: string; onChange?: (digest: string) => void; label: ReactNode; id?: string }) {
  return (
    <Flex vertical gap={8} align="start">
      <Input id={id} value={value} maxLength={64} className="code" onChange={(event) => onChange?.(event.target.value.trim().toLowerCase())} />
      <Upload
        showUploadList={false}
        beforeUpload={(file) => {
          void file.arrayBuffer().then(digestOf).then((digest) => onChange?.(digest))
          return false
        }}
      >
        <Button icon={<FileDoneOutlined />}>{label}</Button>
      </Upload>
    </Flex>
  )
}
