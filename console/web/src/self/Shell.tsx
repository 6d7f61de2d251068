import { LogoutOutlined, SafetyCertificateOutlined } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { Alert, Button, Flex, Modal } from 'antd'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, Outlet, useLocation, useNavigate } from 'react-router'
import { Preferences } from '@/app/Preferences'
import { Failure } from '@/components/Failure'
import { useOnline } from '@/lib/online'
import { useSession } from '@/lib/session'
import { LogIn } from './LogIn'

// Shell stands around every page: who runs the service, language and look, log out.
export function Shell() {
  const { t } = useTranslation('self')
  const { view, ended, logOut } = useSession()
  const { pathname } = useLocation()
  const navigate = useNavigate()
  // Whoever comes next to this device begins at the beginning.
  const leave = useMutation({ mutationFn: logOut, onSuccess: () => navigate('/') })
  const online = useOnline()
  useEffect(() => {
    window.scrollTo(0, 0) // browsers return something from it, which is no clean-up
  }, [pathname])
  return (
    <div className="self">
      <a className="skip" href="#content">
        {t('app:skip')}
      </a>
      <header className="self-head">
        <Flex align="center" gap={4} className="self-column">
          <Link to="/" className="self-brand">
            <SafetyCertificateOutlined aria-hidden /> {t('title')}
          </Link>
          <span className="grow" />
          <Preferences />
          {view.state === 'open' && <Button type="text" icon={<LogoutOutlined />} aria-label={t('app:logout')} title={t('app:logout')} loading={leave.isPending} onClick={() => leave.mutate()} />}
        </Flex>
      </header>
      <main id="content" tabIndex={-1} className="self-column self-content">
        {!online && <Alert type="warning" banner title={t('app:offline')} />}
        {leave.isError && <Failure error={leave.error} />}
        <Outlet />
      </main>
      <footer className="self-column self-foot">
        <span>{view.title}</span>
        <nav aria-label={t('foot')}>
          <Link to="/help">{t('help')}</Link>
          <Link to="/tickets">{t('tickets')}</Link>
          <Link to="/rules">{t('rules')}</Link>
        </nav>
      </footer>
      <Modal open={ended} title={t('app:ended.title')} footer={null} closable={false} maskClosable={false} keyboard={false}>
        <p>{t('app:ended.text')}</p>
        <LogIn />
      </Modal>
    </div>
  )
}
