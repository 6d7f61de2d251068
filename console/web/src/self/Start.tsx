import { CloudDownloadOutlined, CustomerServiceOutlined, FileSearchOutlined, QuestionCircleOutlined, StopOutlined } from '@ant-design/icons'
import { Card } from 'antd'
import { useTranslation } from 'react-i18next'
import { PageHead } from '@/components/PageHead'
import { LogIn } from './LogIn'
import { Tile } from './Page'
import { News } from './News'

// Start has two ways: with the certificate, and without.
export function Start() {
  const { t } = useTranslation('self')
  return (
    <>
      <PageHead title={t('title')} about={t('about')} />
      <div className="self-stack">
        <News />
        <section className="self-stack" aria-labelledby="with">
          <h2 id="with">{t('with')}</h2>
          <Card>
            <LogIn />
          </Card>
        </section>
        <section className="self-stack" aria-labelledby="without">
          <h2 id="without">{t('without')}</h2>
          <Tile urgent to="/loss" icon={StopOutlined} title={t('loss')} text={t('loss.short')} />
          <Tile to="/follow" icon={FileSearchOutlined} title={t('follow')} text={t('follow.short')} />
          <Tile to="/fetch" icon={CloudDownloadOutlined} title={t('fetch')} text={t('fetch.short')} />
          <Tile to="/tickets" icon={CustomerServiceOutlined} title={t('tickets')} text={t('tickets.short')} />
          <Tile to="/help" icon={QuestionCircleOutlined} title={t('help')} text={t('help.short')} />
        </section>
      </div>
    </>
  )
}
