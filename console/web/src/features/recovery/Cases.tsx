import { PlusOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate } from 'react-router'
import { cases } from '@/client/kmc'
import type { KmcCase } from '@/client/kmc'
import { CursorTable } from '@/components/CursorTable'
import { PageHead } from '@/components/PageHead'
import { Needs } from '@/components/Receipt'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { minute } from '@/lib/format'
import { ask } from '@/lib/http'
import { useCustodian } from './custodian'

const page = 50

// Cases are keys handed to an investigator: what was asked for, who agreed, what is open.
export default function Cases() {
  const { t } = useTranslation('recovery')
  const navigate = useNavigate()
  const { custodian } = useCustodian()
  return (
    <>
      <PageHead
        title={t('cases.title')}
        about={t('cases.about')}
        acts={
          custodian && (
            <Link to="/recovery/cases/open">
              <Button type="primary" icon={<PlusOutlined />}>{t('open.title')}</Button>
            </Link>
          )
        }
      />
      <CursorTable<KmcCase>
        name="kmc.cases"
        queryKey={['kmc', 'cases']}
        load={async (before) => {
          const items = await ask(cases({ query: { before, limit: page } }))
          return { items, after: items.length === page ? items.at(-1)!.id : undefined }
        }}
        rowKey={(row) => row.id}
        onOpen={(row) => void navigate(`/recovery/cases/${row.id}`)}
        empty={t('cases.none')}
        columns={[
          { key: 'number', title: t('number'), render: (_, row) => <Visible text={row.number} /> },
          { key: 'authority', title: t('authority'), render: (_, row) => <Visible text={row.authority} /> },
          { key: 'keys', title: t('keys'), align: 'right', render: (_, row) => row.keys.length },
          { key: 'state', title: t('state'), render: (_, row) => <StateTag of="case" state={row.state} /> },
          { key: 'missing', title: t('missing'), render: (_, row) => (row.state === 'pending' ? <Needs missing={row.missing} /> : '–') },
          { key: 'by', title: t('proposed_by'), render: (_, row) => <Visible text={row.proposed_by} /> },
          { key: 'proposed', title: t('proposed'), render: (_, row) => minute(row.proposed) },
          { key: 'exported', title: t('exported'), render: (_, row) => minute(row.exported) },
        ]}
      />
    </>
  )
}
