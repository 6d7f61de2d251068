import { Radio, Flex } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Visible } from './Visible'
import { diff, type Line } from '@/lib/diff'

const context = 3

// near keeps lines that are other and those around them; what lies between is counted.
function near(lines: Line[]): (Line | number)[] {
  const keep = new Set<number>()
  lines.forEach((line, n) => {
    if (line.kind !== 'same') for (let k = n - context; k <= n + context; k++) keep.add(k)
  })
  const out: (Line | number)[] = []
  lines.forEach((line, n) => {
    if (keep.has(n)) out.push(line)
    else if (typeof out[out.length - 1] === 'number') (out[out.length - 1] as number)++
    else out.push(1)
  })
  return out
}

const marks = { same: ' ', added: '+', removed: '−' }

// Difference shows two texts line by line; what is other is marked by sign and colour.
export function Difference({ before, after }: { before: string; after: string }) {
  const { t } = useTranslation('components')
  const [whole, setWhole] = useState(false)
  const lines = diff(before, after)
  return (
    <Flex vertical gap={8}>
      <Radio.Group size="small" optionType="button" value={whole} onChange={(event) => setWhole(event.target.value as boolean)} options={[{ value: false, label: t('diff.changes') }, { value: true, label: t('diff.whole') }]} />
      <div className="diff" role="table" aria-label={t('diff')}>
        {(whole ? lines : near(lines)).map((line, n) =>
          typeof line === 'number' ? (
            <div key={n} className="diff-gap" role="row">
              <span role="cell">{t('diff.gap', { lines: line })}</span>
            </div>
          ) : (
            <div key={n} className={`diff-${line.kind}`} role="row">
              <span className="diff-number" role="cell">{line.before ?? ''}</span>
              <span className="diff-number" role="cell">{line.after ?? ''}</span>
              <span className="diff-mark" role="cell">{marks[line.kind]}</span>
              <span className="diff-text" role="cell"><Visible text={line.text} empty=" " /></span>
            </div>
          ),
        )}
      </div>
    </Flex>
  )
}
