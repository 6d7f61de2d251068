import { App } from 'antd'
import { useCallback, useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { useBlocker } from 'react-router'

// useUnsaved asks before a form with something in it is left: by an address, by closing
// the window, or, with what it returns, by closing what the form stands in.
export function useUnsaved(dirty: boolean): (close: () => void) => void {
  const { modal } = App.useApp()
  const { t } = useTranslation('components')
  const blocker = useBlocker(({ currentLocation, nextLocation }) => dirty && currentLocation.pathname !== nextLocation.pathname)
  const question = useCallback((leave: () => void, stay?: () => void) => void modal.confirm({ title: t('unsaved.title'), content: t('unsaved.text'), okText: t('unsaved.leave'), cancelText: t('unsaved.stay'), onOk: leave, onCancel: stay }), [modal, t])
  useEffect(() => {
    if (blocker.state === 'blocked') question(blocker.proceed, blocker.reset)
  }, [blocker, question])
  useEffect(() => {
    if (!dirty) return
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', warn)
    return () => window.removeEventListener('beforeunload', warn)
  }, [dirty])
  return useCallback((close) => (dirty ? question(close) : close()), [dirty, question])
}
