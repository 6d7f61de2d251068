import { Descriptions, Space, Tag } from 'antd'
import { useTranslation } from 'react-i18next'
import type { RaRights } from '@/client/ra'
import type { Effective } from './effect'

// RightsShown is what a node was given, and what of it counts below everything above.
export function RightsShown({ rights, effective }: { rights: RaRights; effective: Effective }) {
  const { t } = useTranslation('tree')
  const tags = (list: string[] | undefined, all: string, name = (one: string) => one) => (list ? <Space wrap size={4}>{list.map((one) => <Tag key={one}>{name(one)}</Tag>)}</Space> : all)
  const operation = (one: string) => t(`operation.${one}`)
  const given = (own: unknown) => (own ? null : <span className="quiet">{t('inherited')}</span>)
  return (
    <Descriptions
      size="small"
      column={1}
      bordered
      items={[
        { key: 'operations', label: t('operations'), children: <>{tags(effective.operations, '', operation)} {given(rights.operations?.length)}</> },
        { key: 'profiles', label: t('profiles'), children: <>{tags(effective.profiles, t('profiles.all'))} {given(rights.profiles?.length)}</> },
        { key: 'quota', label: t('quota'), children: <>{effective.quota ?? t('quota.none')} {given(rights.quota)}</> },
        { key: 'grace', label: t('grace'), children: t('grace.days', { count: effective.grace }) },
        { key: 'subject', label: t('subject'), children: effective.subject.length ? tags(effective.subject, '') : t('subject.none') },
      ]}
    />
  )
}
