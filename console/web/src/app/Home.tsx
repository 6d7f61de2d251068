import { Card, Descriptions, Flex } from 'antd'
import { useTranslation } from 'react-i18next'
import { said } from '@/components/Failure'
import { PageHead } from '@/components/PageHead'
import { Refusal } from '@/lib/refusal'
import { useSession } from '@/lib/session'
import { Roles } from './Shell'
import { slots } from './slots'

// Home is where somebody begins: what waits, and who he is at each place.
export default function Home() {
  const { t } = useTranslation('app')
  const { view } = useSession()
  return (
    <>
      <PageHead title={t('home.title', { name: view.name })} />
      <Flex vertical gap={16}>
        {slots.home.map((Part, n) => (
          <Part key={n} />
        ))}
        <Card title={t('home.places')}>
          <Descriptions column={1} size="small" items={view.places.map((place) => ({ key: place.name, label: place.title, children: place.known ? <Roles roles={place.roles} /> : (place.code ? said(new Refusal(403, { code: place.code, title: place.wrong })).wrong : t('home.unknown')) }))} />
          {view.places.some((place) => !place.known) && <a href="/enrol">{t('login.code')}</a>}
        </Card>
      </Flex>
    </>
  )
}
