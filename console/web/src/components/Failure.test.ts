import i18next from 'i18next'
import { beforeAll, expect, test } from 'vitest'
import { startTexts } from '@/lib/i18n'
import { Refusal } from '@/lib/refusal'
import { said } from './Failure'

beforeAll(startTexts)

const refusal = (code: string, remedy: string) => new Refusal(404, { title: 'there is none', code, remedy })

test('what a command line would be told is told to nobody here', async () => {
  await i18next.changeLanguage('en-US')
  expect(said(refusal('nobody.knows', "'onecert approval list' shows them")).remedy).toBe('')
  expect(said(refusal('nobody.knows', 'name it with --subject')).remedy).toBe('')
  expect(said(refusal('nobody.knows', 'ask the security administrator')).remedy).toBe('ask the security administrator')
  await i18next.changeLanguage('zh-CN')
  expect(said(refusal('approval.unknown', "'onecert approval list' shows them"))).toEqual({ wrong: '没有这项提议', remedy: '提议可能已经结束，请在“双人审批”的列表中查找' })
})
