import { Alert, Card, Empty, Flex, Tabs } from 'antd'
import { useTranslation } from 'react-i18next'
import type { RaApplication, RaKindView } from '@/client/ra'
import { useNames } from './useKinds'
import { Viewer } from './Viewer'

// Scans are the documents of an application, beside what it says. They are opened by
// those who may see the numbers in them.
export function Scans({ application, kind, open }: { application: RaApplication; kind?: RaKindView; open: boolean }) {
  const { t } = useTranslation('applications')
  const names = useNames(kind)
  const documents = application.documents ?? []
  return (
    <Card title={t('form.papers')} className="scans">
      {documents.length === 0 ? (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('papers.none')} />
      ) : !open ? (
        <Flex vertical gap={12}>
          <Alert type="info" showIcon title={t('papers.closed')} />
          {documents.map((one) => <span key={one.hash}>{names.material(one.sort)} <span className="quiet">{t('pages', { count: one.pages })}</span></span>)}
        </Flex>
      ) : (
        <Tabs items={documents.map((one) => ({ key: one.hash, label: names.material(one.sort), children: <Viewer application={application.id} document={one} /> }))} />
      )}
    </Card>
  )
}
