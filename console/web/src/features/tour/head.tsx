import { QuestionCircleOutlined } from '@ant-design/icons'
import { Button, Descriptions, Dropdown, Modal, Tour } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { pages } from '@/app/pages'
import { useSession } from '@/lib/session'
import { useStored } from '@/lib/stored'
import { rolesOf, stepsFor, type Step } from './steps'

export const order = 90

const keys = ['?', 'Tab', 'Enter', 'Ctrl ↵', 'Ctrl S', 'Esc', '← →'] as const

// The button that goes on has the focus, so Enter walks through the tour. The button
// takes it, though the type of the tour does not say so.
const focused = { autoFocus: true } as object

// typing says whether a key goes into a field.
const typing = (target: EventTarget | null) => target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))

// Help starts the tour again and names the keys; the tour comes by itself the first time
// somebody is here, and not again in this browser. A browser that is driven by a program
// (tests) asks for it.
export default function Help() {
  const { t } = useTranslation('tour')
  const { view } = useSession()
  const [seen, setSeen] = useStored('tour-seen', false)
  const [touring, setTouring] = useState(!seen && !navigator.webdriver)
  const [naming, setNaming] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  const roles = rolesOf(view).map((role) => t(`app:role.${role}`))
  useEffect(() => {
    const heard = (event: KeyboardEvent) => {
      if (event.key === '?' && !typing(event.target)) setNaming(true)
    }
    window.addEventListener('keydown', heard)
    return () => window.removeEventListener('keydown', heard)
  }, [])
  const end = () => {
    setTouring(false)
    setSeen(true)
    button.current?.focus()
  }
  // A page the menu shows is pointed at; where the menu is folded away, its step stands in
  // the middle.
  const targetOf = ({ key, path }: Step) => {
    if (key === 'help') return () => button.current!
    return path ? () => document.querySelector(`nav a[href="${path}"]`)?.closest('li') as HTMLElement : null
  }
  const titleOf = ({ key, path }: Step) => t(pages.find((page) => '/' + page.path === path)?.title ?? `step.${key}`)
  const textOf = ({ key }: Step) => t(key === 'welcome' && roles.length === 0 ? 'step.welcome.nobody' : `step.${key}.text`, { roles: roles.join(t('and')) })
  return (
    <>
      <Dropdown trigger={['click']} menu={{ items: [{ key: 'tour', label: t('tour') }, { key: 'keys', label: t('keys') }], onClick: ({ key }) => (key === 'tour' ? setTouring(true) : setNaming(true)) }}>
        <Button ref={button} type="text" icon={<QuestionCircleOutlined />} aria-label={t('help')} />
      </Dropdown>
      <Tour
        open={touring}
        onClose={end}
        steps={stepsFor(view).map((step) => ({
          title: titleOf(step),
          description: <span role="status">{textOf(step)}</span>,
          target: targetOf(step),
          placement: step.path ? ('right' as const) : undefined,
          nextButtonProps: focused,
        }))}
      />
      <Modal open={naming} onCancel={() => setNaming(false)} footer={null} title={t('keys')}>
        <Descriptions column={1} size="small" items={keys.map((key) => ({ key, label: <kbd>{key}</kbd>, children: t(`key.${key}`) }))} />
      </Modal>
    </>
  )
}
