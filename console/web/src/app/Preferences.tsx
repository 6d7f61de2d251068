import { BulbOutlined, GlobalOutlined } from '@ant-design/icons'
import { Button, Dropdown } from 'antd'
import { useTranslation } from 'react-i18next'
import { chooseLanguage, languages } from '@/lib/i18n'
import { useLook, type Look } from './Frame'

const looks: Look[] = ['auto', 'light', 'dark']

// Preferences are language and look, on every page, before and after logging in.
export function Preferences() {
  const { t, i18n } = useTranslation('app')
  const { look, setLook } = useLook()
  return (
    <>
      <Dropdown menu={{ selectable: true, selectedKeys: [i18n.language], items: languages.map((key) => ({ key, label: { 'zh-CN': '简体中文', 'en-US': 'English' }[key] })), onClick: ({ key }) => chooseLanguage(key as 'zh-CN') }}>
        <Button type="text" icon={<GlobalOutlined />} aria-label={t('language')} />
      </Dropdown>
      <Dropdown menu={{ selectable: true, selectedKeys: [look], items: looks.map((key) => ({ key, label: t(`look.${key}`) })), onClick: ({ key }) => setLook(key as Look) }}>
        <Button type="text" icon={<BulbOutlined />} aria-label={t('look')} />
      </Dropdown>
    </>
  )
}
