import { Tabs } from 'antd'
import { useTranslation } from 'react-i18next'
import { useQuery } from '@tanstack/react-query'
import { policy } from '@/client/gateway'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { useFilters } from '@/lib/filters'
import { ask } from '@/lib/http'
import { gatewayKey, useMay } from './configuration'
import { Explain } from './Explain'
import { PolicyEditor } from './PolicyEditor'
import { Rules } from './Rules'
import { Simulate } from './Simulate'

// Policy is who may reach what: the rules to read, to change, to ask and to try.
export default function Policy() {
  const { t } = useTranslation('gateway')
  const may = useMay()
  const [{ tab = 'rules' }, setFilters] = useFilters(['tab', 'application'] as const)
  const query = useQuery({ queryKey: [...gatewayKey, 'policy'], queryFn: () => ask(policy()), staleTime: Infinity })
  return (
    <>
      <PageHead title={t('policy.title')} about={t('policy.about')} />
      <Loaded query={query}>
        {({ value, version }) => (
          <Tabs
            activeKey={tab}
            onChange={(next) => setFilters({ tab: next })}
            items={[
              { key: 'rules', label: t('policy.rules'), children: <Rules rules={value} /> },
              { key: 'edit', label: may.rules ? t('policy.edit') : t('policy.text'), children: <PolicyEditor key={version} rules={value} base={version} /> },
              { key: 'explain', label: t('explain.title'), children: <Explain /> },
              { key: 'simulate', label: t('simulate.title'), children: <Simulate rules={value} /> },
            ]}
          />
        )}
      </Loaded>
    </>
  )
}
