import { Collapse, Typography } from 'antd'
import { useTranslation } from 'react-i18next'

const enrol = 'onecert officer enrol --server https://CA:8443 --trust trust.pem --code-file - --out me'
const join = 'onecert officer join --kmc https://KMC:8444 --as me --code-file -'
const bring = 'openssl pkcs12 -export -in me/certificate.pem -inkey me/key.pem -out me.p12'

// FirstStart says how the one-time codes of a first start become somebody's certificate:
// on his own machine, which makes the key and keeps it (design.md decision 14).
export function FirstStart() {
  const { t } = useTranslation('app')
  return (
    <Collapse
      size="small"
      items={[
        {
          key: 'first',
          label: t('first.title'),
          children: (
            <ol className="steps">
              <li>{t('first.codes')}</li>
              <li>
                {t('first.enrol')}
                <Typography.Paragraph code copyable className="code">
                  {enrol}
                </Typography.Paragraph>
              </li>
              <li>
                {t('first.join')}
                <Typography.Paragraph code copyable className="code">
                  {join}
                </Typography.Paragraph>
              </li>
              <li>
                {t('first.browser')}
                <Typography.Paragraph code copyable className="code">
                  {bring}
                </Typography.Paragraph>
              </li>
            </ol>
          ),
        },
      ]}
    />
  )
}
