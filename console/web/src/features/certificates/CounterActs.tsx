import { Button, Dropdown, Space, Tooltip } from 'antd'
import { DownOutlined } from '@ant-design/icons'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { may, useMe } from '@/lib/me'
import type { Known } from './life'

// CounterActs begin an application about the certificate: what the registration says is
// possible now. Who may not register is told who does.
export function CounterActs({ known: { ra } }: { known: Known }) {
  const { t } = useTranslation('certificates')
  const { data: me } = useMe()
  if (!ra || !me) return null
  const to = (operation: string) => `/applications/new?${new URLSearchParams({ operation, issuer: ra.issuer, serial: ra.serial })}`
  const [first, ...others] = ra.legal ?? []
  if (!first) {
    return may(me, 'ra.register') ? null : <Tooltip title={t('apply.barred', { node: ra.node })}><span className="quiet" tabIndex={0}>{t('apply.who')}</span></Tooltip>
  }
  return (
    <Space>
      <Link to={to(first)}><Button type="primary">{t(`apply.${first}`)}</Button></Link>
      {others.length > 0 && (
        <Dropdown menu={{ items: others.map((operation) => ({ key: operation, danger: operation === 'revoke', label: <Link to={to(operation)}>{t(`apply.${operation}`)}</Link> })) }}>
          <Button>{t('apply.more')} <DownOutlined /></Button>
        </Dropdown>
      )}
    </Space>
  )
}
