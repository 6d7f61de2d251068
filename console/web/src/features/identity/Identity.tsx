import { UploadOutlined } from '@ant-design/icons'
import { Alert, Button, Card, Descriptions, Flex, Select, Upload } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Place } from '@/app/access'
import { Roles } from '@/app/Shell'
import { succeed as atGateway } from '@/client/gateway'
import { succeed as atKMC } from '@/client/kmc'
import { succeed as atRA } from '@/client/ra'
import { Act } from '@/components/Act'
import { PageHead } from '@/components/PageHead'
import { Visible } from '@/components/Visible'
import { minute, pairs } from '@/lib/format'
import { ask } from '@/lib/http'
import { useSession } from '@/lib/session'
import { certificateIn } from './certificate'

const takers: Partial<Record<Place, (certificate: string) => Promise<unknown>>> = {
  kmc: (certificate) => ask(atKMC({ body: { certificate } })),
  ra: (certificate) => ask(atRA({ body: { certificate } })),
  gateway: (certificate) => ask(atGateway({ body: { certificate } })),
}

// Identity is with which certificate somebody works here, and what is registered for it.
export default function Identity() {
  const { t } = useTranslation('identity')
  const { view } = useSession()
  const { shown } = view
  return (
    <>
      <PageHead title={t('title')} about={t('about')} />
      <Flex vertical gap={16}>
        <Card title={t('certificate')}>
          {shown && (
            <Descriptions
              column={1}
              size="small"
              items={[
                { key: 'subject', label: t('subject'), children: <Visible text={shown.subject} /> },
                { key: 'issuer', label: t('issuer'), children: <Visible text={shown.issuer} /> },
                { key: 'serial', label: t('serial'), children: <span className="code">{shown.serial}</span> },
                { key: 'until', label: t('until'), children: minute(shown.not_after) },
                { key: 'print', label: 'SHA-256', children: <span className="code">{pairs(shown.fingerprint)}</span> },
              ]}
            />
          )}
        </Card>
        <Card title={t('places')}>
          <Descriptions column={1} size="small" items={view.places.map((place) => ({ key: place.name, label: t(`app:place.${place.name}`), children: place.known ? <><code>{place.as}</code>&ensp;<Roles roles={place.roles} /></> : <span className="quiet">{place.wrong ?? t('unknown')}</span> }))} />
        </Card>
        <Renewed />
      </Flex>
    </>
  )
}

// Renewed registers the next certificate of the same person before the present one ends.
function Renewed() {
  const { t } = useTranslation('identity')
  const { view } = useSession()
  const places = view.places.filter((place) => place.known && takers[place.name as Place]).map((place) => place.name as Place)
  const [place, setPlace] = useState<Place | undefined>(places[0])
  const [chosen, setChosen] = useState<{ name: string; certificate?: string }>()
  if (places.length === 0) return null
  return (
    <Card title={t('renewed')}>
      <Flex vertical gap={12} align="start">
        <span>{t('renewed.about')}</span>
        <Flex gap={8} wrap>
          <Select aria-label={t('place')} className="filter" value={place} onChange={setPlace} options={places.map((value) => ({ value, label: t(`app:place.${value}`) }))} />
          <Upload
            accept=".pem,.cer,.crt,.der"
            showUploadList={false}
            beforeUpload={(file) => {
              void file.arrayBuffer().then((content) => setChosen({ name: file.name, certificate: certificateIn(new Uint8Array(content)) }))
              return false
            }}
          >
            <Button icon={<UploadOutlined />}>{t('choose')}</Button>
          </Upload>
        </Flex>
        {chosen && !chosen.certificate && <Alert type="error" showIcon title={t('unreadable', { name: chosen.name })} />}
        {chosen?.certificate && place && <Act primary label={t('register', { name: chosen.name })} done={t('registered')} run={() => takers[place]!(chosen.certificate!)} after={() => setChosen(undefined)} />}
      </Flex>
    </Card>
  )
}
