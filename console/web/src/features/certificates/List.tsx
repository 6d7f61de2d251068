import { Tabs } from 'antd'
import { useTranslation } from 'react-i18next'
import { PageHead } from '@/components/PageHead'
import { useFilters } from '@/lib/filters'
import { useSession } from '@/lib/session'
import { Issued } from './Issued'
import { readable } from './places'
import { Registered } from './Registered'

// List shows what the registration knows of its holders, and to whom the CA knows, all
// that it issued.
export default function List() {
  const { t } = useTranslation('certificates')
  const { view } = useSession()
  const places = readable(view)
  const [filters, setFilters] = useFilters(['at'] as const)
  const tabs = [
    { key: 'ra', label: t('at.ra'), children: <Registered /> },
    { key: 'ca', label: t('at.ca'), children: <Issued /> },
  ].filter((tab) => places.includes(tab.key as 'ra' | 'ca'))
  return (
    <>
      <PageHead title={t('title')} about={t('about')} />
      {tabs.length === 1 ? tabs[0].children : <Tabs items={tabs} activeKey={filters.at ?? tabs[0]?.key} onChange={(at) => setFilters({ at })} destroyOnHidden />}
    </>
  )
}
