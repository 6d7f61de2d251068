import { Fragment } from 'react'
import { pairs } from '@/lib/format'

// Fingerprint is broken between its pairs only, so that eyes find their place again.
export function Fingerprint({ of }: { of: string }) {
  return (
    <span className="code">
      {pairs(of).match(/..:?/g)?.map((pair, n) => (
        <Fragment key={n}>
          {pair}
          <wbr />
        </Fragment>
      ))}
    </span>
  )
}
