import { expect, test } from 'vitest'
import { tasksOf } from '../browser/walk'

type Texts = Record<string, string>
const zh = import.meta.glob<{ default: Texts }>('../../src/**/text.zh.ts', { eager: true })
const en = import.meta.glob<{ default: Texts }>('../../src/**/text.en.ts', { eager: true })

// Fields of applications are named by the registration (ra/field.go), keys by the keyboard.
const elsewhere = ['姓名 Name', '证件号码 Document number', '单位 Unit', '手机号码 Mobile phone', '部门 Department', 'Enter Enter']

// The browser walks each task in one language; this holds the other one to the texts.
test('what the pages of tasks name is named so in both languages', () => {
  const pairs = Object.entries(zh).flatMap(([path, { default: chinese }]) => Object.entries(chinese).map(([key, text]) => [text, en[path.replace('text.zh', 'text.en')].default[key]]))
  const [chinese, english] = [tasksOf('zh'), tasksOf('en')]
  const wrong = chinese.flatMap((task, n) => task.steps.map((step, m) => [step.label, english[n].steps[m].label] as const)).filter(
    ([left, right]) => left && !elsewhere.includes(`${left} ${right}`) && !pairs.some(([a, b]) => a?.startsWith(left) && b?.startsWith(right!)),
  )
  expect(wrong).toEqual([])
})
