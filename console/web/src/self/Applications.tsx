import { Empty } from 'antd'
import { useTranslation } from 'react-i18next'
import { Loaded } from '@/components/Loaded'
import { useApplications } from './certificates'
import { Page } from './Page'
import { ProgressCard } from './ProgressCard'

export function Applications() {
  const { t } = useTranslation('self')
  const query = useApplications()
  return (
    <Page title={t('applications')} about={t('applications.short')}>
      <Loaded query={query}>
        {(all) => (all.length === 0 ? <Empty description={t('applications.none')} /> : all.map((one) => <ProgressCard key={one.number} progress={one} />))}
      </Loaded>
    </Page>
  )
}
