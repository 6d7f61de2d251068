import { useQuery } from '@tanstack/react-query'
import { Button, Empty, Flex } from 'antd'
import { useTranslation } from 'react-i18next'
import { nodes } from '@/client/ra'
import { Loaded } from '@/components/Loaded'
import { Visible } from '@/components/Visible'
import { ask } from '@/lib/http'

const most = 50

// Search lists nodes by a part of the name, or how id or region begin.
export function Search({ text, onOpen }: { text: string; onOpen: (id: string) => void }) {
  const { t } = useTranslation('tree')
  const query = useQuery({ queryKey: ['nodes', 'search', text, most], queryFn: () => ask(nodes({ query: { search: text, limit: most } })) })
  return (
    <Loaded query={query}>
      {(page) =>
        page.items.length === 0 ? (
          <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('search.none')} />
        ) : (
          <Flex vertical>
            {page.items.map((node) => (
              <Button key={node.id} type="text" className="found" onClick={() => onOpen(node.id)}>
                <span>
                  <Visible text={node.name} /> <span className="quiet">{node.path.split('/').filter(Boolean).join(' › ')}</span>
                </span>
              </Button>
            ))}
            {page.after && <span className="quiet">{t('search.more', { count: most })}</span>}
          </Flex>
        )
      }
    </Loaded>
  )
}
