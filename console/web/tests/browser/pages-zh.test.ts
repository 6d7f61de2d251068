import { afterAll } from 'vitest'
import { closeBrowser } from './browser'
import { looks } from './looks'

afterAll(closeBrowser)

looks('zh', {})
