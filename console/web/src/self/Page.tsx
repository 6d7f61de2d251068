import { LeftOutlined, RightOutlined } from '@ant-design/icons'
import { createElement, type ComponentType, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { PageHead } from '@/components/PageHead'

// Page is a page below the first one, with the way back.
export function Page({ title, about, back = '/', children }: { title: string; about?: ReactNode; back?: string; children: ReactNode }) {
  const { t } = useTranslation('self')
  return (
    <>
      <Link to={back} className="self-back">
        <LeftOutlined aria-hidden /> {t('back')}
      </Link>
      <PageHead title={title} about={about} />
      <div className="self-stack">{children}</div>
    </>
  )
}

// Tile is a way to go: large enough for a thumb, and it says what is behind it.
export function Tile({ to, icon, title, text, urgent }: { to: string; icon: ComponentType; title: string; text: string; urgent?: boolean }) {
  return (
    <Link to={to} className={urgent ? 'self-tile self-tile-urgent' : 'self-tile'}>
      <span className="self-tile-icon" aria-hidden>
        {createElement(icon)}
      </span>
      <span className="self-tile-words">
        <strong>{title}</strong>
        <span className="quiet">{text}</span>
      </span>
      <RightOutlined aria-hidden />
    </Link>
  )
}
