import { useMutation } from '@tanstack/react-query'
import { Button } from 'antd'
import { useTranslation } from 'react-i18next'
import { selfLook } from '@/client/self'
import { ask } from '@/lib/http'
import { NumberAndCode, type Proof } from './NumberAndCode'
import { Page } from './Page'
import { ProgressCard } from './ProgressCard'

// Follow shows how an application stands, by what stands on its receipt.
export function Follow() {
  const { t } = useTranslation('self')
  const look = useMutation({ mutationFn: (proof: Proof) => ask(selfLook({ body: proof })) })
  return (
    <Page title={t('follow')} about={t('follow.about')}>
      {look.data ? (
        <>
          <ProgressCard progress={look.data} />
          <Button size="large" onClick={() => look.reset()}>
            {t('follow.another')}
          </Button>
        </>
      ) : (
        <NumberAndCode label={t('number')} act={t('follow.look')} example="lra1-260901-k3v9x2aq" error={look.error} busy={look.isPending} onProof={look.mutate} />
      )}
    </Page>
  )
}
