import { DeleteOutlined, InboxOutlined, PaperClipOutlined } from '@ant-design/icons'
import { Alert, App, Button, Flex, Select, Tag, Upload } from 'antd'
import { useTranslation } from 'react-i18next'
import type { RaDocument, RaMaterial } from '@/client/ra'
import { Visible } from '@/components/Visible'
import { octets } from '@/lib/format'

// Paper is a scan that is attached when the application is saved.
export interface Paper {
  uid: string
  file: File
  sort: string
}

export const mostOctets = 10 * 1024 * 1024
const types = ['application/pdf', 'image/jpeg', 'image/png']

// needed are the documents that have to be there before review and are not.
export function needed(materials: RaMaterial[], operation: string, there: string[]): RaMaterial[] {
  return materials.filter((material) => (material.required ?? []).includes(operation) && !there.includes(material.sort))
}

// nameOf is the name a scan goes by: scanners and people name files by identity numbers,
// which are not kept in clear (ra/document.go).
export function nameOf(paper: Paper): string {
  const extension = /\.[A-Za-z0-9]{1,5}$/.exec(paper.file.name)?.[0] ?? ''
  return /\d{15}/.test(paper.file.name.replace(/[^\dXx]/g, '')) ? paper.sort + extension : paper.file.name.slice(-120)
}

interface Props {
  materials: RaMaterial[]
  operation: string
  papers: Paper[]
  onChange: (papers: Paper[]) => void
  attached?: RaDocument[]
  onDetach?: (document: RaDocument) => void
}

// Papers takes scans by drag and drop; each is taken for the next document that is
// missing, which can be changed.
export function Papers({ materials, operation, papers, onChange, attached = [], onDetach }: Props) {
  const { t, i18n } = useTranslation('applications')
  const { message } = App.useApp()
  const label = (sort: string) => {
    const material = materials.find((one) => one.sort === sort)
    return material ? (i18n.language === 'zh-CN' ? material.zh : material.en) : sort
  }
  const sorts = [...attached.map((one) => one.sort), ...papers.map((one) => one.sort)]
  const missing = needed(materials, operation, sorts)
  const add = (files: File[]) => {
    const all = [...papers]
    for (const file of files) {
      if (file.size > mostOctets) message.error(t('papers.size', { name: file.name }))
      else if (!types.includes(file.type)) message.error(t('papers.type', { name: file.name }))
      else all.push({ uid: crypto.randomUUID(), file, sort: needed(materials, operation, [...attached, ...all].map((one) => one.sort))[0]?.sort ?? materials.at(-1)?.sort ?? 'other' })
    }
    onChange(all)
  }
  return (
    <Flex vertical gap={8}>
      <Upload.Dragger multiple accept=".pdf,.jpg,.jpeg,.png" showUploadList={false} beforeUpload={(file, list) => { if (file === list[0]) add(list); return false }}>
        <p className="drop"><InboxOutlined /> {t('papers.drop')}</p>
      </Upload.Dragger>
      {missing.length > 0 && <Alert type="info" showIcon title={t('papers.missing', { list: missing.map((one) => label(one.sort)).join(t('comma')) })} />}
      {attached.map((one) => (
        <Flex key={one.hash} gap={8} align="center" className="paper">
          <PaperClipOutlined />
          <Tag>{label(one.sort)}</Tag>
          <span className="grow"><Visible text={one.name} /></span>
          <span className="quiet">{octets(one.size)}</span>
          {onDetach && <Button type="text" aria-label={t('papers.detach', { name: one.name ?? '' })} icon={<DeleteOutlined />} onClick={() => onDetach(one)} />}
        </Flex>
      ))}
      {papers.map((paper) => (
        <Flex key={paper.uid} gap={8} align="center" className="paper">
          <Select aria-label={t('papers.sort')} value={paper.sort} className="paper-sort" onChange={(sort) => onChange(papers.map((other) => (other.uid === paper.uid ? { ...other, sort } : other)))} options={materials.map((material) => ({ value: material.sort, label: label(material.sort) }))} />
          <span className="grow"><Visible text={paper.file.name} /></span>
          <span className="quiet">{octets(paper.file.size)}</span>
          <Button type="text" aria-label={t('papers.remove', { name: paper.file.name })} icon={<DeleteOutlined />} onClick={() => onChange(papers.filter((other) => other.uid !== paper.uid))} />
        </Flex>
      ))}
    </Flex>
  )
}
