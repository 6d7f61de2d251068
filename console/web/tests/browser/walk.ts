import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'

// A task as docs/tasks.md has it, or its Chinese sister.
export interface Task {
  number: number
  title: string
  clicks: number
  fields: number
  seconds: number
  steps: Step[]
}

export interface Step {
  kind: 'click' | 'field' | 'see'
  label?: string // what stands on the page
  text: string
}

const verbs: [Step['kind'], RegExp][] = [
  ['click', /\bClick\b|^Open|^Press|点击|^打开|^按 /],
  ['field', /^(Fill in|Choose|Drop|填写|选择|放入)/],
  ['see', /^(See|看到)/],
]

// tasksOf reads the page of tasks in a language.
export function tasksOf(language: 'zh' | 'en'): Task[] {
  const page = readFileSync(resolve(import.meta.dirname, '../../../../docs', language === 'zh' ? 'tasks.zh-CN.md' : 'tasks.md'), 'utf8')
  const rows = [...page.matchAll(/^\| (\d+) \| (.+) \| .+ \| (\d+) \| (\d+) \| (\d+) \|$/gm)]
  return rows.map(([, number, title, clicks, fields, seconds]) => {
    const part = page.split(`\n## ${number}. ${title}\n`)[1]?.split('\n## ')[0] ?? ''
    return { number: Number(number), title, clicks: Number(clicks), fields: Number(fields), seconds: Number(seconds), steps: [...part.matchAll(/^\d+\. (.+)$/gm)].map(([, text]) => stepOf(text)) }
  })
}

function stepOf(text: string): Step {
  const kind = verbs.find(([, verb]) => verb.test(text))?.[0]
  if (!kind) throw new Error('no step: ' + text)
  return { kind, text, label: /\*\*(.+?)\*\*/.exec(text)?.[1] }
}

// Keystroke-level model: Card, Moran and Newell, The Psychology of Human-Computer
// Interaction (1983). Seconds to think, to point, to press, to move the hand, for a key.
const [think, point, press, hand, key] = [1.35, 1.1, 0.2, 0.4, 0.28]
const keysOf = (text: string) => Array.from(text).reduce((all, character) => all + (/\p{Script=Han}/u.test(character) ? 4 : 1), 0)

// beginsWith matches what begins with a label; between two Chinese characters of a button
// Ant Design may put a blank.
const beginsWith = (label: string) => '^\\s*' + Array.from(label).map((character) => character.replace(/[()/.?+*]/, '\\$&')).join('\\s?')
const pattern = (label = '') => new RegExp(beginsWith(label))

// nameOf matches a button's or link's name, perhaps with that of an icon before it, a count
// or a key behind it, but no further word.
const nameOf = (label = '') => new RegExp(beginsWith(label).replace('^\\s*', '^\\s*(?:[a-z-]+ )?') + '(?!\\p{L})', 'u')

// Walk does a task as it is written, step by step, and counts. An act that is not the next
// step of the page of tasks, and a step that was not done, are faults.
export class Walk {
  private clicks = 0
  private fields = 0
  private seconds = 0
  private at = 0

  constructor(private task: Task, public page: Page) {}

  async click(target?: Locator) {
    const { label } = this.next('click')
    await (target ?? this.named(label)).click()
    this.clicks += 1
    this.seconds += think + point + press
  }

  // open follows an address that somebody was sent.
  async open(address: string, page: Page) {
    this.next('click')
    this.page = page
    await page.goto(address)
    this.clicks += 1
    this.seconds += think + point + press
  }

  async press(name: string) {
    expect(this.next('click').label).toBe(name)
    await this.page.keyboard.press(name)
    this.clicks += 1
    this.seconds += think + key
  }

  // fill types a text, or pastes it.
  async fill(value: string, how: 'typed' | 'pasted' = 'typed') {
    const { label } = this.next('field')
    await this.page.getByLabel(pattern(label)).first().fill(value)
    this.fields += 1
    this.seconds += think + hand + point + press + hand + key * (how === 'typed' ? keysOf(value) : 2)
  }

  async drop(files: { name: string; mimeType: string; buffer: Buffer }[]) {
    const { label } = this.next('field')
    await this.page.getByText(pattern(label)).first().waitFor()
    await this.page.locator('input[type=file]').last().setInputFiles(files)
    this.fields += 1
    this.seconds += think + files.length * (point + press) + point + press
  }

  async see() {
    const { label } = this.next('see')
    await this.page.getByText(pattern(label)).locator('visible=true').first().waitFor()
  }

  // end says what was counted, having seen that it is what is written.
  end(): { clicks: number; fields: number; seconds: number } {
    expect(this.task.steps.slice(this.at), `steps of “${this.task.title}” that were not done`).toEqual([])
    const { clicks, fields, seconds } = this.task
    expect({ clicks: this.clicks, fields: this.fields }, this.task.title).toEqual({ clicks, fields })
    expect(Math.abs(this.seconds - seconds), `“${this.task.title}” takes ${this.seconds.toFixed(1)} s, the page says ${seconds}`).toBeLessThan(1 + seconds / 10)
    return { clicks, fields, seconds: this.seconds }
  }

  private next(kind: Step['kind']): Step {
    const step = this.task.steps[this.at]
    this.at += 1
    expect(step?.kind, `“${this.task.title}”, step ${this.at}: ${step?.text}`).toBe(kind)
    return step
  }

  // named is what bears a label, in the window that is open or else on the page.
  private named(label = ''): Locator {
    const name = nameOf(label)
    const within = this.task.steps[this.at - 1].text.match(/in the question|在询问中/) ? this.page.getByRole('dialog') : this.page.locator('body')
    return within.getByRole('button', { name }).or(within.getByRole('link', { name })).or(within.getByRole('tab', { name })).first()
  }
}
