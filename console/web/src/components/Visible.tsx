import { Tooltip } from 'antd'
import { useTranslation } from 'react-i18next'
import { pieces } from '@/lib/visible'

// Visible shows a text that somebody else wrote: isolated from the direction of what
// stands around it, and with hidden characters named.
export function Visible({ text, empty = '–' }: { text: string | undefined | null; empty?: string }) {
  const { t } = useTranslation('components')
  if (!text) return <>{empty}</>
  return (
    <bdi className="visible">
      {pieces(text).map((piece, n) =>
        piece.hidden ? (
          <Tooltip key={n} title={t('visible.hidden')}>
            <mark className="hidden-character">{piece.text}</mark>
          </Tooltip>
        ) : (
          <span key={n}>{piece.text}</span>
        ),
      )}
    </bdi>
  )
}
