import { QuestionCircleOutlined } from '@ant-design/icons'
import { Button, Descriptions, Dropdown, Modal, Tour } from 'antd'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useSession } from '@/lib/session'
import { useStored } from '@/lib/stored'
import { stepsFor } from './steps'

export const order = 90

const keys = ['?', 'Tab', 'Enter', 'Esc'] as const

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
  }
  return (
    <>
      <Dropdown menu={{ items: [{ key: 'tour', label: t('tour') }, { key: 'keys', label: t('keys') }], onClick: ({ key }) => (key === 'tour' ? setTouring(true) : setNaming(true)) }}>
        <Button type="text" icon={<QuestionCircleOutlined />} aria-label={t('help')} />
      </Dropdown>
      <Tour
        open={touring}
        onClose={end}
        onFinish={end}
        steps={stepsFor(view).map((step) => ({
          title: t(`step.${step.key}`),
          description: t(`step.${step.key}.text`),
          target: step.path ? () => document.querySelector<HTMLElement>(`nav a[href="${step.path}"]`)! : null,
          placement: step.path ? ('right' as const) : undefined,
        }))}
      />
      <Modal open={naming} onCancel={() => setNaming(false)} footer={null} title={t('keys')}>
        <Descriptions column={1} size="small" items={keys.map((key) => ({ key, label: <kbd>{key}</kbd>, children: t(`key.${key}`) }))} />
      </Modal>
    </>
  )
}
