import { DownloadOutlined, ReloadOutlined, RotateLeftOutlined, RotateRightOutlined, ZoomInOutlined, ZoomOutOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Flex, Space, Tooltip } from 'antd'
import { useEffect, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { RaDocument } from '@/client/ra'
import { Loaded } from '@/components/Loaded'
import { Visible } from '@/components/Visible'
import { minute, octets } from '@/lib/format'
import { fetchFile, save } from '@/lib/http'

// Viewer shows a scan: pictures turned and enlarged here, PDF by the browser's own viewer,
// which pages, turns and enlarges by itself.
export function Viewer({ application, document }: { application: string; document: RaDocument }) {
  const query = useQuery({ queryKey: ['scan', application, document.hash], queryFn: () => fetchFile(`/api/ra/v1/applications/${application}/documents/${document.hash}`), staleTime: Infinity, gcTime: 60_000 })
  return <Loaded query={query}>{({ blob }) => <Shown blob={blob} document={document} />}</Loaded>
}

function useURL(blob: Blob): string | undefined {
  const [url, setURL] = useState<string>()
  useEffect(() => {
    const made = URL.createObjectURL(blob)
    setURL(made)
    return () => URL.revokeObjectURL(made)
  }, [blob])
  return url
}

const steps = [0.5, 0.75, 1, 1.5, 2, 3, 4]

function Shown({ blob, document }: { blob: Blob; document: RaDocument }) {
  const { t } = useTranslation('applications')
  const url = useURL(blob)
  const [zoom, setZoom] = useState(1)
  const [turn, setTurn] = useState(0)
  const picture = document.media_type.startsWith('image/')
  const step = (by: number) => setZoom(steps[Math.min(Math.max(steps.indexOf(zoom) + by, 0), steps.length - 1)])
  const keys = (key: string) => ({ '+': () => step(1), '=': () => step(1), '-': () => step(-1), r: () => setTurn(turn + 90), l: () => setTurn(turn - 90), '0': () => { setZoom(1); setTurn(0) } })[key]
  return (
    <Flex vertical gap={8}>
      <Flex justify="space-between" align="center" wrap gap={8}>
        <span className="quiet">
          <Visible text={document.name} /> · {document.pages > 0 && t('pages', { count: document.pages })} · {octets(document.size)} · {document.attached_by} {minute(document.at)}
        </span>
        <Space size={4}>
          {picture && (
            <>
              <Tool label={t('view.smaller')} icon={<ZoomOutOutlined />} onClick={() => step(-1)} />
              <Tool label={t('view.larger')} icon={<ZoomInOutlined />} onClick={() => step(1)} />
              <Tool label={t('view.left')} icon={<RotateLeftOutlined />} onClick={() => setTurn(turn - 90)} />
              <Tool label={t('view.right')} icon={<RotateRightOutlined />} onClick={() => setTurn(turn + 90)} />
              <Tool label={t('view.reset')} icon={<ReloadOutlined />} onClick={() => { setZoom(1); setTurn(0) }} />
            </>
          )}
          <Tool label={t('download')} icon={<DownloadOutlined />} onClick={() => save(blob, document.name ?? document.sort)} />
        </Space>
      </Flex>
      {url && picture && (
        <div className="picture" tabIndex={0} role="group" aria-label={t('view.keys')} onKeyDown={(event) => keys(event.key)?.()}>
          <img src={url} alt={document.name ?? document.sort} style={{ width: `${zoom * 100}%`, transform: `rotate(${turn}deg)` }} />
        </div>
      )}
      {url && !picture && <iframe src={`${url}#navpanes=0&view=FitH`} title={document.name ?? document.sort} className="pdf" />}
    </Flex>
  )
}

function Tool({ label, icon, onClick }: { label: string; icon: ReactNode; onClick: () => void }) {
  return (
    <Tooltip title={label}>
      <Button type="text" aria-label={label} icon={icon} onClick={onClick} />
    </Tooltip>
  )
}
