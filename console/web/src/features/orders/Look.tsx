import { FileAddOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Card, Flex, Input } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { holderKeyEnd, order } from '@/client/ca'
import { rolesAt } from '@/app/access'
import { Act } from '@/components/Act'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { useFilters } from '@/lib/filters'
import { ask } from '@/lib/http'
import { useSession } from '@/lib/session'
import { ChangeActs } from './ChangeActs'
import { Issued } from './Issued'

export function useMay() {
  const { view } = useSession()
  const roles = rolesAt(view, 'ca')
  return { issue: roles.includes('issuer'), end: roles.includes('issuer') || roles.includes('reviewer') }
}

// Look shows what was issued for an application, whoever asked for it.
export default function Look() {
  const { t } = useTranslation('orders')
  const may = useMay()
  const [{ application }, setFilters] = useFilters(['application'] as const)
  return (
    <>
      <PageHead
        title={t('title')}
        about={t('about')}
        acts={
          may.issue ? (
            <Link to="/orders/issue">
              <Button type="primary" icon={<FileAddOutlined />}>{t('issue.title')}</Button>
            </Link>
          ) : (
            <span className="quiet">{t('issue.who')}</span>
          )
        }
      />
      <Flex vertical gap={16}>
        <Card size="small">
          <Input.Search allowClear className="wide-search" enterButton={t('look')} aria-label={t('application')} placeholder={t('application')} defaultValue={application} onSearch={(text) => setFilters({ application: text.trim() })} />
        </Card>
        {application && <Found application={application} may={may.end} issue={may.issue} />}
      </Flex>
    </>
  )
}

function Found({ application, may, issue }: { application: string; may: boolean; issue: boolean }) {
  const { t } = useTranslation('orders')
  const key = ['ca', 'order', application]
  const query = useQuery({ queryKey: key, queryFn: () => ask(order({ path: { application } })) })
  return (
    <Flex vertical gap={16}>
      <Loaded query={query}>{(issued) => <Issued issued={issued} acts={issue && (issued.sign.state === 'valid' || issued.sign.state === 'held') && <ChangeActs key={issued.sign.serial} one={issued.sign} />} />}</Loaded>
      {may && (
        <Card size="small" title={t('key.title')}>
          <p className="quiet">{t('key.about')}</p>
          <Act label={t('key.end')} title={t('key.end.ask', { application })} about={<p>{t('key.end.about')}</p>} reason="required" danger done={t('key.ended')} run={(reason) => ask(holderKeyEnd({ path: { application }, body: { reason } }))} refresh={[key]} />
        </Card>
      )}
    </Flex>
  )
}
