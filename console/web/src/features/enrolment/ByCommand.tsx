import { Collapse, Typography } from 'antd'
import { useTranslation } from 'react-i18next'

const commands = {
  enrol: 'onecert officer enrol --server https://CA:8443 --trust trust.pem --code-file - --out me',
  join: 'onecert officer join --kmc https://KMC:8444 --as me --code-file -',
  browser: 'openssl pkcs12 -export -in me/certificate.pem -inkey me/key.pem -out me.p12',
}

// ByCommand is the other way, for who wants the key made and kept outside the browser.
export function ByCommand() {
  const { t } = useTranslation('enrolment')
  const steps = [
    [t('command.enrol'), commands.enrol],
    [t('command.join'), commands.join],
    [t('command.browser'), commands.browser],
  ]
  return (
    <Collapse
      size="small"
      className="below"
      items={[
        {
          key: 'command',
          label: t('command'),
          children: (
            <>
              <p className="lines">{t('command.why')}</p>
              <ol className="steps">
                {steps.map(([says, command]) => (
                  <li key={command}>
                    {says}
                    <Typography.Paragraph code copyable className="code">
                      {command}
                    </Typography.Paragraph>
                  </li>
                ))}
              </ol>
            </>
          ),
        },
      ]}
    />
  )
}
