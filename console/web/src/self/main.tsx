import { createRoot } from 'react-dom/client'
import { Frame } from '@/app/Frame'
import { Waiting } from '@/app/Waiting'
import { Failure } from '@/components/Failure'
import { startTexts } from '@/lib/i18n'
import { SessionProvider } from '@/lib/session'
import { SelfService } from './SelfService'
import '@/app/style.css'

await startTexts()
createRoot(document.getElementById('root')!).render(
  <Frame>
    <SessionProvider waiting={<Waiting />} failed={(error, retry) => <Failure error={error} retry={retry} />}>
      <SelfService />
    </SessionProvider>
  </Frame>,
)
