import { afterAll } from 'vitest'
import { closeBrowser } from './browser'
import { looks } from './looks'

afterAll(closeBrowser)

looks('en-dark', { language: 'en-US', look: 'dark' })
