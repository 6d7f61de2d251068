import { DownloadOutlined } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { App, Button } from 'antd'
import type { ReactNode } from 'react'
import { fetchFile, save } from '@/lib/http'
import { said } from './Failure'

// FileButton hands out a file of an API.
export function FileButton({ url, name, label, type }: { url: string; name?: string; label: ReactNode; type?: 'link' | 'default' }) {
  const { message } = App.useApp()
  const get = useMutation({
    mutationFn: () => fetchFile(url),
    onSuccess: (file) => save(file.blob, name ?? file.name),
    onError: (error) => message.error(said(error).wrong),
  })
  return (
    <Button type={type ?? 'default'} icon={<DownloadOutlined />} loading={get.isPending} onClick={() => get.mutate()}>
      {label}
    </Button>
  )
}
