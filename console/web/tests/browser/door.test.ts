import { afterAll, describe, expect, test } from 'vitest'
import { closeBrowser, leave, shoot, sit } from './browser'

afterAll(closeBrowser)

describe('the door', () => {
  test('without a certificate it says what to do', async () => {
    const seat = await sit(undefined, { login: false })
    await seat.page.getByText('浏览器没有出示证书').waitFor()
    await shoot(seat, 'login-none-zh')
    await leave(seat)
  })

  test('an officer logs in, works and logs out', async () => {
    const seat = await sit('lra1.registrar')
    await seat.page.getByRole('link', { name: '业务申请' }).click()
    await seat.page.getByRole('heading', { name: '业务申请', level: 1 }).waitFor()
    await shoot(seat, 'applications-zh')
    await seat.page.getByRole('button', { name: 'lra1.registrar' }).hover()
    await seat.page.getByText('退出登录').click()
    await seat.page.getByRole('button', { name: '用此证书登录' }).waitFor()
    await leave(seat)
  })

  test('who was never registered is told so', async () => {
    const seat = await sit('alice', { login: false, language: 'en-US' })
    await seat.page.getByRole('button', { name: 'Log in with this certificate' }).click()
    await seat.page.getByRole('alert').waitFor()
    expect(await seat.page.getByRole('alert').textContent()).toMatch(/regist/)
    await leave(seat)
  })
})
