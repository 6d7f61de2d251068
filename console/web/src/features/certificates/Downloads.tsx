import { DownloadOutlined } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { App, Button, Card, Flex } from 'antd'
import { useTranslation } from 'react-i18next'
import { order } from '@/client/ca'
import { result } from '@/client/ra'
import { said } from '@/components/Failure'
import { ask, save } from '@/lib/http'
import { may, useMe } from '@/lib/me'
import type { Known } from './life'

// pem writes one certificate of base64 as RFC 7468.
export function pem(der: string): string {
  return `-----BEGIN CERTIFICATE-----\n${der.match(/.{1,64}/g)?.join('\n') ?? ''}\n-----END CERTIFICATE-----\n`
}

export function octetsOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))
}

interface Files {
  der: string
  chain: string[]
}

// Where the certificate itself is to be had: from the CA, or from what was made for the
// application, for those who hand that over.
function useSource({ ca, ra }: Known): (() => Promise<Files>) | undefined {
  const { data: me } = useMe()
  if (ca?.der) return async () => ({ der: ca.der!, chain: (await ask(order({ path: { application: ca.application } }))).chain })
  if (!ra || !(may(me, 'ra.issue') || may(me, 'ra.deliver'))) return undefined
  return async () => {
    const made = await ask(result({ path: { id: ra.application } }))
    const half = made.encrypt?.serial === ra.serial ? made.encrypt : made.sign
    return { der: half.der, chain: made.chain ?? [] }
  }
}

export function Downloads({ known }: { known: Known }) {
  const { t } = useTranslation('certificates')
  const { message } = App.useApp()
  const source = useSource(known)
  const one = (known.ca ?? known.ra)!
  const get = useMutation({
    mutationFn: async (form: 'pem' | 'der' | 'chain') => {
      const files = await source!()
      const name = `${one.issuer}-${one.serial}`
      if (form === 'pem') save(new Blob([pem(files.der)], { type: 'application/x-pem-file' }), `${name}.pem`)
      else if (form === 'der') save(new Blob([octetsOf(files.der)], { type: 'application/pkix-cert' }), `${name}.cer`)
      else save(new Blob([[files.der, ...files.chain].map(pem).join('')], { type: 'application/x-pem-file' }), `${name}-chain.pem`)
    },
    onError: (error) => void message.error(said(error).wrong),
  })
  const button = (form: 'pem' | 'der' | 'chain') => (
    <Button block icon={<DownloadOutlined />} loading={get.isPending && get.variables === form} onClick={() => get.mutate(form)}>
      {t(`download.${form}`)}
    </Button>
  )
  return (
    <Card title={t('download')}>
      {source ? <Flex vertical gap={8}>{button('pem')}{button('der')}{button('chain')}</Flex> : <span className="quiet">{t('download.none')}</span>}
    </Card>
  )
}
