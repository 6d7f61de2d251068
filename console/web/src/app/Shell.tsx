import { LogoutOutlined, MenuOutlined, UserOutlined } from '@ant-design/icons'
import { Alert, Button, Drawer, Dropdown, Flex, Grid, Layout, Menu, Modal, Space, Tag, Typography, type MenuProps } from 'antd'
import { Suspense, createElement, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, Outlet, useLocation } from 'react-router'
import { Visible } from '@/components/Visible'
import { useOnline } from '@/lib/online'
import { useSession } from '@/lib/session'
import { holds } from './access'
import { LoginForm } from './Login'
import { groups, pages } from './pages'
import { Preferences } from './Preferences'
import { Waiting } from './Waiting'
import { slots } from './slots'

function useMenu(): MenuProps['items'] {
  const { t } = useTranslation('app')
  const { view } = useSession()
  const links = view.links.map((link) => ({ key: link.url, label: <a href={link.url} rel="noreferrer">{link.title}</a> }))
  const entries: NonNullable<MenuProps['items']> = groups.flatMap((group) => {
    const own = pages.filter((page) => page.menu?.group === group && holds(view, page.right)).sort((a, b) => a.menu!.order - b.menu!.order)
    if (own.length === 0) return []
    return [{ key: group, type: 'group' as const, label: t(`group.${group}`), children: own.map((page) => ({ key: '/' + page.path, icon: createElement(page.menu!.icon), label: <Link to={'/' + page.path}>{t(page.title)}</Link> })) }]
  })
  return links.length > 0 ? [...entries, { key: 'links', type: 'group', label: t('group.links'), children: links }] : entries
}

function Side({ onChoose }: { onChoose?: () => void }) {
  const items = useMenu()
  const { pathname } = useLocation()
  const chosen = pages.map((page) => '/' + page.path).filter((path) => pathname === path || pathname.startsWith(path + '/')).sort((a, b) => b.length - a.length)[0]
  return <Menu mode="inline" items={items} selectedKeys={chosen ? [chosen] : []} onClick={onChoose} className="side-menu" />
}

// Shell is what stands around every page: menu, who is logged in, what waits.
export function Shell() {
  const { t } = useTranslation('app')
  const { view, ended, logOut } = useSession()
  const wide = Grid.useBreakpoint().lg ?? true
  const [open, setOpen] = useState(false)
  const online = useOnline()
  return (
    <Layout className="shell">
      <a className="skip" href="#content">
        {t('skip')}
      </a>
      <Layout.Header className="head">
        <Flex align="center" gap={8} className="head-row">
          {!wide && <Button type="text" icon={<MenuOutlined />} aria-label={t('menu')} onClick={() => setOpen(true)} />}
          <Link to="/" className="brand">
            {t('product')}
          </Link>
          <Typography.Text type="secondary" ellipsis className="head-title">
            {view.title}
          </Typography.Text>
          <span className="grow" />
          {slots.head.map((Part, n) => (
            <Part key={n} />
          ))}
          <Preferences />
          <Dropdown menu={{ items: [{ key: 'out', icon: <LogoutOutlined />, label: t('logout'), onClick: () => void logOut() }] }}>
            <Button type="text" icon={<UserOutlined />} className="who">
              {wide && <Visible text={view.name} />}
            </Button>
          </Dropdown>
        </Flex>
      </Layout.Header>
      <Layout>
        {wide ? (
          <Layout.Sider width={232} theme="light" className="side">
            <nav aria-label={t('menu')}>
              <Side />
            </nav>
          </Layout.Sider>
        ) : (
          <Drawer placement="left" open={open} onClose={() => setOpen(false)} title={t('product')} size={272}>
            <Side onChoose={() => setOpen(false)} />
          </Drawer>
        )}
        <Layout.Content id="content" role="main" tabIndex={-1} className="content">
          {!online && <Alert type="warning" banner title={t('offline')} />}
          <Suspense fallback={<Waiting />}>
            <Outlet />
          </Suspense>
        </Layout.Content>
      </Layout>
      <Modal open={ended} title={t('ended.title')} footer={null} closable={false} maskClosable={false} keyboard={false}>
        <p>{t('ended.text')}</p>
        <LoginForm />
      </Modal>
    </Layout>
  )
}

// Roles names what somebody is at a place.
export function Roles({ roles }: { roles: string[] }) {
  const { t } = useTranslation('app')
  return (
    <Space wrap size={4}>
      {roles.map((role) => (
        <Tag key={role}>{t(`role.${role}`)}</Tag>
      ))}
    </Space>
  )
}
