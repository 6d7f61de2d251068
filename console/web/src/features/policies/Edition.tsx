import { DownloadOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Card, Descriptions, Flex, Typography } from 'antd'
import { useEffect, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useParams } from 'react-router'
import { policiesText } from '@/client/ra'
import type { RaPolicy } from '@/client/ra'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { date } from '@/lib/format'
import { ask, save } from '@/lib/http'
import { octetsOf } from './file'

// Edition is one edition of the rules, to read.
export default function Edition() {
  const { kind = '', edition = '' } = useParams()
  const query = useQuery({ queryKey: ['policies', kind, edition], queryFn: () => ask(policiesText({ path: { kind, edition } })) })
  return <Loaded query={query}>{(policy) => <Shown policy={policy} />}</Loaded>
}

function Shown({ policy }: { policy: RaPolicy }) {
  const { t } = useTranslation('policies')
  const pdf = policy.media_type === 'application/pdf'
  const octets = useMemo(() => octetsOf(policy.content), [policy.content])
  const url = useMemo(() => (pdf ? URL.createObjectURL(new Blob([octets], { type: 'application/pdf' })) : undefined), [octets, pdf])
  useEffect(() => () => (url ? URL.revokeObjectURL(url) : undefined), [url])
  const name = `${policy.kind}-${policy.edition}.${pdf ? 'pdf' : 'txt'}`
  return (
    <>
      <PageHead title={`${policy.title} ${policy.edition}`} about={t(`kind.${policy.kind}`)} acts={<Button icon={<DownloadOutlined />} onClick={() => save(new Blob([octets], { type: policy.media_type }), name)}>{t('download')}</Button>} />
      <Flex vertical gap={16}>
        <Card size="small" extra={<StateTag state={policy.state} />} title={t('about.edition')}>
          <Descriptions
            size="small"
            column={{ xs: 1, md: 2 }}
            items={[
              { key: 'oid', label: 'OID', children: <code>{policy.oid}</code> },
              { key: 'begins', label: t('begins'), children: date(policy.begins) },
              { key: 'digest', label: 'SHA-256', children: <Typography.Text className="code" copyable>{policy.digest}</Typography.Text> },
              { key: 'motion', label: t('motion'), children: <Link to={`/approvals/motion/${policy.motion}`}>{policy.motion}</Link> },
            ]}
          />
        </Card>
        {pdf ? <iframe className="paper" src={url} title={policy.title} /> : <Card><pre className="plain">{new TextDecoder().decode(octets)}</pre></Card>}
      </Flex>
    </>
  )
}
