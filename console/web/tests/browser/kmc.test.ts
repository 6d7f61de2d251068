import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { closeBrowser, demo, folder, leave, shoot, sit } from './browser'

afterAll(closeBrowser)

const at = (path: string) => demo().endpoints.console + path
const pem = (who: string, file: string) => readFileSync(join(folder(), 'identities', who, file), 'utf8')

describe('the key management centre', () => {
  test('a judicial recovery: proposed by one custodian, agreed to by two at their own desks, carried out', async () => {
    const first = await sit('centre.custodian')
    const number = `(2026)示例字第 ${Date.now() % 100_000} 号`
    // The certificate of the organisation whose keys are asked for, and its holder.
    const list = (await (await first.page.request.get(at('/api/ca/v1/certificates?profile=organisation-encrypt&limit=10'))).json()) as { certificates: { serial: string; holder: string }[] }
    expect(list.certificates.length).toBeGreaterThan(0)
    const { holder } = list.certificates[0]
    await first.page.getByRole('link', { name: '司法案件' }).click()
    await first.page.getByRole('link', { name: '提出案件' }).click()
    await first.page.getByLabel('案件编号').fill(number)
    await first.page.getByLabel('办案机关').fill('示例市公安局')
    await first.page.getByLabel('事由').fill('调取证据通知书')
    await first.page.getByLabel('持有者编号').fill(holder)
    await first.page.getByLabel('证书 1').fill(pem('server', 'sm2-sign.pem'))
    await first.page.getByRole('button', { name: '再加一张证书' }).click()
    await first.page.getByLabel('证书 2').fill(pem('server', 'rsa-sign.pem'))
    await shoot(first, 'kmc-case-open-zh')
    await first.page.getByRole('button', { name: /^提\s?出$/ }).click()
    await first.page.getByText('还需一位密钥恢复员同意').first().waitFor()
    expect(await first.page.getByRole('button', { name: /^同\s?意$/ }).count()).toBe(0) // not one's own
    await shoot(first, 'kmc-case-pending-zh')
    const address = first.page.url()

    for (const who of ['centre.custodian-2', 'centre.custodian-3']) {
      const other = await sit(who, { language: 'en-US', look: 'dark' })
      await other.page.getByRole('link', { name: 'Judicial cases' }).click()
      await other.page.getByRole('row', { name: number }).click()
      await other.page.getByRole('button', { name: 'Agree' }).click()
      await other.page.getByRole('dialog').getByRole('button', { name: 'Agree' }).click()
      await other.page.getByText(`${who} agreed`).waitFor()
      if (who === 'centre.custodian-3') await shoot(other, 'kmc-case-agreed-en-dark')
      await leave(other)
    }

    await first.page.goto(address)
    const download = first.page.waitForEvent('download')
    await first.page.getByRole('button', { name: '执行并下载' }).click()
    await first.page.getByRole('dialog').getByRole('button', { name: '执行并下载' }).click()
    const made = JSON.parse(readFileSync((await (await download).path())!, 'utf8')) as { number: string; keys: { envelope: { der: string } }[] }
    expect(made.number).toBe(number)
    expect(made.keys.length).toBeGreaterThan(0)
    expect(made.keys.every((key) => key.envelope.der.length > 100)).toBe(true)
    await first.page.getByText('已执行，文件已下载').first().waitFor()
    await shoot(first, 'kmc-case-done-zh')

    // The holder's ledger shows it, and the desk reads the ledger.
    await first.page.goto(at(`/recovery?holder=${encodeURIComponent(holder)}`))
    await first.page.getByRole('cell', { name: '司法取证' }).first().waitFor()
    await shoot(first, 'kmc-desk-zh')
    await leave(first)
  })

  test('an old key is recovered for its holder from the ledger', async () => {
    const seat = await sit('centre.custodian', { language: 'en-US', look: 'dark' })
    const { page } = seat
    const list = (await (await page.request.get(at('/api/ca/v1/certificates?profile=person-encrypt&issuer=rsa&limit=50'))).json()) as { certificates: { serial: string; holder: string; subject: string }[] }
    const alice = list.certificates.find((one) => one.subject.includes('艾丽思'))!
    await page.goto(at(`/recovery?holder=${encodeURIComponent(alice.holder)}`))
    await page.getByRole('row', { name: alice.serial }).getByRole('button', { name: 'Recover this' }).first().click()
    await page.getByLabel('The holder’s present signing certificate').fill(pem('alice', 'rsa-sign.pem'))
    await page.getByLabel('Reason').fill('New card after a loss')
    await shoot(seat, 'kmc-recover-en-dark')
    await page.getByRole('button', { name: 'Recover the key' }).click()
    await page.getByText('The key is sealed to its holder').waitFor()
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download the envelope' }).click()
    expect(readFileSync((await (await download).path())!).length).toBeGreaterThan(200)
    await leave(seat)
  })

  test('the stock of keys is seen and filled', async () => {
    const seat = await sit('centre.system')
    await seat.page.getByRole('link', { name: '密钥库' }).click()
    await seat.page.getByRole('cell', { name: 'sm2', exact: true }).waitFor()
    await shoot(seat, 'kmc-keys-zh')
    await seat.page.getByRole('button', { name: '立即补满' }).click()
    await seat.page.getByRole('dialog').getByRole('button', { name: '立即补满' }).click()
    await seat.page.getByText('密钥池已补满').waitFor({ timeout: 20_000 })
    await leave(seat)
    const custodian = await sit('centre.custodian', { language: 'en-US', look: 'dark' })
    await custodian.page.getByRole('link', { name: 'Key store' }).click()
    await custodian.page.getByText('No key’s retention is over').waitFor()
    await shoot(custodian, 'kmc-retention-en-dark')
    await leave(custodian)
  })
})
