import { Card, Empty, Tabs } from 'antd'
import { useTranslation } from 'react-i18next'
import type { RaApplication, RaKindView } from '@/client/ra'
import { useNames } from './useKinds'
import { Viewer } from './Viewer'

// Scans are the documents of an application, beside what it says.
export function Scans({ application, kind }: { application: RaApplication; kind?: RaKindView }) {
  const { t } = useTranslation('applications')
  const names = useNames(kind)
  const documents = application.documents ?? []
  return (
    <Card title={t('form.papers')} className="scans">
      {documents.length === 0 ? (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('papers.none')} />
      ) : (
        <Tabs items={documents.map((one) => ({ key: one.hash, label: names.material(one.sort), children: <Viewer application={application.id} document={one} /> }))} />
      )}
    </Card>
  )
}
