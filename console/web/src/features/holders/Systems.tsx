import { useQuery } from '@tanstack/react-query'
import { Card, Empty, Flex, Form, Select } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { memberAdd, memberRemove, systems } from '@/client/ra'
import type { RaHolder } from '@/client/ra'
import { Act } from '@/components/Act'
import { Loaded } from '@/components/Loaded'
import { Visible } from '@/components/Visible'
import { ask } from '@/lib/http'
import { may, useMe } from '@/lib/me'

// Systems are the applications the holder is noted to use.
export function Systems({ holder }: { holder: RaHolder }) {
  const { t } = useTranslation('holders')
  const { data: me } = useMe()
  const [chosen, setChosen] = useState<string>()
  const reads = may(me, 'ra.members.read')
  const writes = may(me, 'ra.members.write')
  const query = useQuery({ queryKey: ['holders', 'systems', holder.id], queryFn: () => ask(systems({ query: { holder: holder.id, limit: 200 } })), enabled: reads })
  const all = useQuery({ queryKey: ['systems', 'active'], queryFn: () => ask(systems({ query: { state: 'active', limit: 200 } })), enabled: writes })
  if (!reads) return null
  const refresh = [['holders', 'systems', holder.id]]
  const used = new Set(query.data?.items.map((system) => system.id))
  const add = writes && (
    <Act label={t('systems.add')} title={t('systems.add.title')} done={t('systems.added')} refresh={refresh} size="small" run={() => ask(memberAdd({ path: { id: chosen ?? '' }, body: { holder: holder.id } }))}>
      <Form.Item name="system" label={t('system')} rules={[{ required: true, message: t('systems.choose') }]}>
        <Select showSearch={{ optionFilterProp: 'label' }} onChange={setChosen} options={all.data?.items.filter((system) => !used.has(system.id)).map((system) => ({ value: system.id, label: `${system.name} (${system.id})` }))} notFoundContent={t('systems.none.active')} />
      </Form.Item>
    </Act>
  )
  return (
    <Card title={t('systems')} extra={add}>
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('systems.none')} />
          ) : (
            <Flex vertical gap={8}>
              {items.map((system) => (
                <Flex key={system.id} justify="space-between" align="center" gap={8}>
                  <span><Visible text={system.name} /> <span className="quiet">{system.owner}</span></span>
                  {writes && <Act size="small" label={t('systems.remove')} title={t('systems.remove.title', { name: system.name })} done={t('systems.removed')} refresh={refresh} run={() => ask(memberRemove({ path: { id: system.id }, body: { holder: holder.id } }))} />}
                </Flex>
              ))}
            </Flex>
          )
        }
      </Loaded>
    </Card>
  )
}
