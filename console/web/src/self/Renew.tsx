import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Modal } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { selfRenew } from '@/client/self'
import type { RaCertificate } from '@/client/self'
import { Failure } from '@/components/Failure'
import { date } from '@/lib/format'
import { ask } from '@/lib/http'

// Renew is two clicks after logging in: what will happen is said in between. The new
// certificate is for the same key, so nothing is made on the holder's device.
export function Renew({ certificate }: { certificate: RaCertificate }) {
  const { t } = useTranslation('self')
  const queries = useQueryClient()
  const [open, setOpen] = useState(false)
  const renew = useMutation({
    mutationFn: () => ask(selfRenew({ body: { issuer: certificate.issuer, serial: certificate.serial } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['applications'] }),
  })
  const close = () => {
    setOpen(false)
    renew.reset()
  }
  return (
    <>
      <Button type="primary" size="large" onClick={() => setOpen(true)}>
        {t('renew')}
      </Button>
      <Modal
        open={open}
        title={renew.isSuccess ? t('renew.done') : t('renew.title')}
        onCancel={close}
        destroyOnHidden
        footer={
          renew.isSuccess ? (
            <Button size="large" type="primary" onClick={close}>
              {t('understood')}
            </Button>
          ) : (
            [
              <Button key="no" size="large" onClick={close}>
                {t('components:cancel')}
              </Button>,
              <Button key="yes" size="large" type="primary" loading={renew.isPending} onClick={() => !renew.isPending && renew.mutate()}>
                {t('renew.yes')}
              </Button>,
            ]
          )
        }
      >
        {renew.data ? (
          <Alert type="success" showIcon title={t('renew.number', { number: renew.data.number })} description={<p className="lines">{t(renew.data.state === 'submitted' ? 'renew.next' : 'renew.ready')}</p>} />
        ) : (
          <p className="lines">{t('renew.about', { date: date(certificate.not_after) })}</p>
        )}
        {renew.isError && <Failure error={renew.error} />}
      </Modal>
    </>
  )
}
