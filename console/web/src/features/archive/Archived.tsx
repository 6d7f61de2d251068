import { useQuery } from '@tanstack/react-query'
import { Card, Descriptions, Flex, Timeline } from 'antd'
import { useTranslation } from 'react-i18next'
import { useParams } from 'react-router'
import { archiveApplication, kinds } from '@/client/ra'
import type { RaArchivedFile } from '@/client/ra'
import { FileButton } from '@/components/FileButton'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { minute, octets } from '@/lib/format'
import { ask } from '@/lib/http'

// Archived is one application as it stood when it was archived.
export default function Archived() {
  const { id = '' } = useParams()
  const query = useQuery({ queryKey: ['archive', 'one', id], queryFn: () => ask(archiveApplication({ path: { id } })) })
  return <Loaded query={query}>{(file) => <Shown file={file} />}</Loaded>
}

function Shown({ file }: { file: RaArchivedFile }) {
  const { t, i18n } = useTranslation('archive')
  const { application: a } = file
  const forms = useQuery({ queryKey: ['ra', 'kinds'], queryFn: () => ask(kinds()), staleTime: Infinity })
  const fields = forms.data?.find((form) => form.kind === a.kind)?.fields
  // A field that is asked no more keeps its name.
  const label = (name: string) => fields?.find((field) => field.name === name)?.[i18n.language === 'zh-CN' ? 'zh' : 'en'] ?? name
  const event = (name: string) => (i18n.exists(`archive:event.${name}`) ? t(`event.${name}`) : name)
  return (
    <>
      <PageHead title={a.id} about={t('one.about', { volume: file.volume })} />
      <Flex vertical gap={16}>
        <Card size="small" title={t('fields')} extra={<StateTag state={a.state} />}>
          <Descriptions size="small" column={{ xs: 1, md: 2 }} items={[{ key: '_op', label: t('operation'), children: t(`operation.${a.operation}`) }, { key: '_node', label: t('node'), children: a.node }, ...Object.entries(a.fields).map(([name, value]) => ({ key: name, label: label(name), children: <Visible text={value} /> })), { key: '_digest', label: t('digest'), children: <span className="code">{file.digest}</span> }]} />
        </Card>
        <Card size="small" title={t('documents')}>
          <Flex vertical gap={8} align="start">
            {(file.documents ?? []).map((document) => <FileButton key={document.hash} url={`/api/ra/v1/archive/applications/${a.id}/documents/${document.hash}`} name={document.name} label={`${document.name ?? document.sort} · ${octets(document.size)}`} type="link" />)}
            {!file.documents?.length && <span className="quiet">{t('documents.none')}</span>}
          </Flex>
        </Card>
        <Card size="small" title={t('history')}>
          <Timeline items={file.history.map((moment) => ({ key: moment.number, content: <>{minute(moment.at)} · {event(moment.event)} · {moment.actor}{moment.note && <> · <Visible text={moment.note} /></>}</> }))} />
        </Card>
      </Flex>
    </>
  )
}
