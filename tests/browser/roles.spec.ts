// Every page for every role of the demonstration, signed in with the accounts that `karez demo --accounts` makes.

import { expect, test } from '@playwright/test'
import { amount } from '../../services/dashboard/src/money'
import { enter, guarded } from './guarded'
import { MOMENT, PAGES } from './pages'

const ROLES = ['finance', 'unit', 'auditor', 'supervisor', 'admin']
/** The unit of demo-unit carries this one alone. */
const OWN = 'TLF-2024-002'

for (const role of ROLES) {
  test(`every page opens for ${role}`, async ({ page }) => {
    test.skip(!process.env.KAREZ_GUARDED_URL, 'the server under test is another’s')
    test.setTimeout(180_000)
    await enter(page, `demo-${role}`)
    const broken: string[] = []
    page.on('pageerror', (error) => broken.push(String(error)))
    page.on('response', (response) => {
      if (response.status() >= 500) broken.push(`${response.status()} ${response.url()}`)
    })
    for (const path of Object.values(PAGES)) {
      await page.goto(guarded(`${path}${path.includes('?') ? '&' : '?'}${MOMENT}`))
      await expect(page.locator('main h1')).toBeVisible()
      await expect(page.locator('main [role=status]', { hasText: '正在读取' })).toHaveCount(0)
    }
    expect(broken).toEqual([])
  })
}

test('a unit sees its own part of the figures', async ({ page }) => {
  test.skip(!process.env.KAREZ_GUARDED_URL, 'the server under test is another’s')
  await enter(page, 'demo-unit')
  const told = await (await page.request.get(guarded(`/v1/overview?${MOMENT}`))).json()
  await page.goto(guarded(`/?${MOMENT}`))
  await expect(page.locator('[data-count=projects]')).toHaveText('1')
  await expect(page.locator('[data-amount=spent]')).toHaveText(amount(told.currencies[0].amounts.spent, 'wan'))
  await page.goto(guarded(`/projects?${MOMENT}`))
  await expect(page.locator('tr.row')).toHaveCount(1)
  await expect(page.locator('tr.row')).toContainText(OWN)
})
