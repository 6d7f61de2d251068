import { Alert, Card, Flex, Steps } from 'antd'
import { useTranslation } from 'react-i18next'
import type { RaProgress } from '@/client/self'
import { Visible } from '@/components/Visible'
import { minute } from '@/lib/format'

// The way of an application, as far as its applicant has to know it.
const way = ['submitted', 'approved', 'issued', 'delivered']

const tones: Record<string, 'success' | 'info' | 'warning' | 'error'> = { issued: 'success', delivered: 'success', returned: 'warning', rejected: 'error', withdrawn: 'warning' }

// makes says whether something to receive comes of it.
const makes = (operation: string) => ['issue', 'renew', 'modify', 'reissue'].includes(operation)

export function ProgressCard({ progress }: { progress: RaProgress }) {
  const { t } = useTranslation('self')
  const at = way.indexOf(progress.state)
  const steps = makes(progress.operation) ? way : way.slice(0, 3)
  return (
    <Card size="small" className="self-card">
      <Flex vertical gap={10}>
        <Flex justify="space-between" wrap gap={4}>
          <strong>{t(`operation.${progress.operation}`, { defaultValue: progress.operation })}</strong>
          <span className="quiet code">{progress.number}</span>
        </Flex>
        <Alert
          type={tones[progress.state] ?? 'info'}
          showIcon
          title={t(`progress.${progress.state}`, { defaultValue: progress.state })}
          description={
            <>
              {progress.note && (
                <p className="lines">
                  {t('progress.note')} <Visible text={progress.note} />
                </p>
              )}
              <p className="lines">{t(makes(progress.operation) ? `progress.${progress.state}.next` : `progress.${progress.state}.act`, { defaultValue: '' })}</p>
            </>
          }
        />
        {at >= 0 && <Steps size="small" current={progress.state === steps[steps.length - 1] ? steps.length : at + 1} orientation="horizontal" responsive={false} items={steps.map((state) => ({ title: t(`way.${state}`) }))} titlePlacement="vertical" />}
        <span className="quiet">{minute(progress.changed)}</span>
      </Flex>
    </Card>
  )
}
