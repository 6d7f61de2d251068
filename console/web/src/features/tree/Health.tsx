import { CheckCircleFilled, CloseCircleFilled, MinusCircleOutlined } from '@ant-design/icons'
import { Tooltip } from 'antd'
import { useTranslation } from 'react-i18next'
import type { RaNode } from '@/client/ra'
import { minute } from '@/lib/format'

const late = 5 * 60_000

// Health of a counter's own process: heard lately, or not. Nodes without one have none.
export function Health({ node, heard, words }: { node: RaNode; heard: Map<string, string | undefined> | undefined; words?: boolean }) {
  const { t } = useTranslation('tree')
  if (!node.site || !heard) return words ? <span className="quiet">{t('link.none')}</span> : null
  const at = heard.get(node.id)
  const good = at !== undefined && Date.now() - Date.parse(at) < late
  const text = at ? t(good ? 'link.good' : 'link.late', { at: minute(at) }) : t('link.never')
  const Icon = !at ? MinusCircleOutlined : good ? CheckCircleFilled : CloseCircleFilled
  const lamp = <Icon className={!at ? 'quiet' : good ? 'light-green' : 'light-red'} aria-label={text} />
  return words ? (
    <>
      {lamp} {text}
    </>
  ) : (
    <Tooltip title={text}>{lamp}</Tooltip>
  )
}
