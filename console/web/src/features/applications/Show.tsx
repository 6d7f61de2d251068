import { EditOutlined, PrinterOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Alert, Button, Card, Col, Flex, Row, Space, Tag } from 'antd'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useParams } from 'react-router'
import { application as one } from '@/client/ra'
import type { RaApplication } from '@/client/ra'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { ask } from '@/lib/http'
import { may, useMe } from '@/lib/me'
import { Barred } from './Barred'
import { CarryOut, SubmitNow, Withdraw } from './Acts'
import { Conflict } from './Conflict'
import { Delivery } from './Delivery'
import { makes } from './entry'
import { Facts } from './Facts'
import { LifeLine, Progress } from './LifeLine'
import { Others } from './Others'
import { Returned } from './Returned'
import { Review } from './Review'
import { Scans } from './Scans'
import { useKinds } from './useKinds'

// Show is everything about one application, and what its reader may do with it now.
export default function Show() {
  const { id = '' } = useParams()
  const query = useQuery({ queryKey: ['application', id], queryFn: () => ask(one({ path: { id } })) })
  // A new application begins with nothing of the one before: notes, shown numbers.
  return <Loaded query={query}>{(application) => <Whole key={id} application={application} />}</Loaded>
}

function Whole({ application }: { application: RaApplication }) {
  const { t, i18n } = useTranslation('applications')
  const { data: me } = useMe()
  const kinds = useKinds()
  const kind = kinds.data?.find((one) => one.kind === application.kind)
  // the number, not the name: titles stand in the browser's history
  useEffect(() => {
    document.title = `${application.id} · OneCert`
  }, [application.id])
  const can = (act: string) => application.legal?.includes(act) ?? false
  const language = i18n.language === 'zh-CN' ? 'zh' : 'en'
  return (
    <>
      <PageHead
        title={
          <Space size={12} wrap>
            <Visible text={application.fields.name} />
            <StateTag state={application.state} of={makes(application.operation) ? undefined : 'act'} />
          </Space>
        }
        about={
          <Space size={8} wrap>
            <span className="code">{application.id}</span>
            <Tag>{t(`operation.${application.operation}`)}</Tag>
            <Tag>{t(`kind.${application.kind}`)}</Tag>
            {application.batch && <Link to={`/applications?batch=${application.batch}&state=all`}>{t('batch')} {application.batch}</Link>}
          </Space>
        }
        acts={
          <>
            <Button icon={<PrinterOutlined />} href={`/api/ra/v1/applications/${application.id}/form?lang=${language}`} target="_blank" rel="noreferrer">
              {t('form.print')}
            </Button>
            {can('withdraw') && <Withdraw application={application} />}
            {can('edit') && (
              <Link to={`/applications/${application.id}/edit`}>
                <Button icon={<EditOutlined />}>{t('edit.title')}</Button>
              </Link>
            )}
            {can('submit') && <SubmitNow application={application} />}
            {can('issue') && <CarryOut application={application} />}
          </>
        }
      />
      <Returned application={application} />
      <Flex vertical gap={16}>
        <Card>
          <Progress application={application} />
        </Card>
        {application.conflict && <Conflict application={application} />}
        {application.operation === 'freeze' && application.state === 'submitted' && <Alert type="warning" showIcon title={t('loss.waits')} />}
        <Row gutter={[16, 16]}>
          <Col xs={24} xl={12}>
            <Flex vertical gap={16}>
              {(can('approve') || can('return') || can('reject')) && <Review application={application} />}
              <Barred application={application} />
              {['issued', 'delivered'].includes(application.state) && <Delivery application={application} />}
              <Facts application={application} kind={kind} mayUnmask={may(me, 'ra.unmask')} />
              <Others all={application.others ?? []} />
            </Flex>
          </Col>
          <Col xs={24} xl={12}>
            <Flex vertical gap={16}>
              <Scans application={application} kind={kind} open={may(me, 'ra.unmask')} />
              <LifeLine application={application} kind={kind} />
            </Flex>
          </Col>
        </Row>
      </Flex>
    </>
  )
}
