import { Flex } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { destroy, retention } from '@/client/kmc'
import type { KmcKept, OfficerReceipt } from '@/client/kmc'
import { Act } from '@/components/Act'
import { CursorTable } from '@/components/CursorTable'
import { Receipt } from '@/components/Receipt'
import { Visible } from '@/components/Visible'
import { date } from '@/lib/format'
import { ask } from '@/lib/http'

const key = ['kmc', 'retention']
const idOf = (row: KmcKept) => `${row.ca}/${row.cert_no}`

// Retention is the keys that were kept as long as they have to be. Custodians propose
// their end; others agree.
export function Retention({ may }: { may: boolean }) {
  const { t } = useTranslation('keys')
  const [chosen, setChosen] = useState<KmcKept[]>([])
  const [receipt, setReceipt] = useState<OfficerReceipt>()
  const [years, setYears] = useState<number>()
  return (
    <Flex vertical gap={12}>
      <p className="quiet">{years === undefined ? t('retention.about') : t('retention.years', { years })}</p>
      {receipt && <Receipt place="kmc" receipt={receipt} />}
      <CursorTable<KmcKept>
        name="kmc.retention"
        queryKey={key}
        load={async (after) => {
          const page = await ask(retention({ query: { after, limit: 100 } }))
          setYears(page.years)
          return { items: page.keys, after: page.after }
        }}
        rowKey={idOf}
        empty={t('retention.none')}
        selection={may ? { selectedRowKeys: chosen.map(idOf), onChange: (_, rows) => setChosen(rows) } : undefined}
        filters={
          may ? (
            <Act
              label={t('destroy', { count: chosen.length })}
              title={t('destroy.ask', { count: chosen.length })}
              about={<p>{t('destroy.about')}</p>}
              reason="required"
              danger
              disabled={chosen.length === 0}
              done={t('destroy.proposed')}
              run={async (reason) => setReceipt(await ask(destroy({ body: { reason, keys: chosen.map(({ ca, cert_no }) => ({ ca, cert_no })) } })))}
              after={() => setChosen([])}
              refresh={[key]}
            />
          ) : (
            <span className="quiet">{t('destroy.who')}</span>
          )
        }
        columns={[
          { key: 'cert_no', title: t('cert_no'), render: (_, row) => <span className="code">{idOf(row)}</span> },
          { key: 'suite', title: t('suite'), dataIndex: 'suite' },
          { key: 'holder', title: t('holder'), render: (_, row) => <Visible text={row.holder} /> },
          { key: 'ended', title: t('ended'), render: (_, row) => date(row.ended) },
          { key: 'due', title: t('due'), render: (_, row) => date(row.due) },
        ]}
      />
    </Flex>
  )
}
