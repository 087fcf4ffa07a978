// The time machine: two sliders, every page at their pair, and what lies between two of them.

import { expect, test } from '@playwright/test'
import { amount, subtract } from '../../services/dashboard/src/money'
import { ask, open, url } from './pages'

const THEN = 'as_of=2024-06-30&known_at=2024-07-05'
const LATER = 'as_of=2024-06-30&known_at=2025-03-21'
/** Its voucher of June was posted twice, which became known on 9 July. */
const POSTED_TWICE = 'TLF-2024-007'

test('30 June is shown as it was known on 5 July, and as it is known since', async ({ page }) => {
  const spent = async (moment: string) => (await ask(`/projects/${POSTED_TWICE}`, moment)).currencies[0].amounts.spent
  const [then, later] = [await spent(THEN), await spent(LATER)]
  expect(subtract(then, later)).toBe('36000')
  for (const [moment, figure] of [[THEN, then], [LATER, later]] as const) {
    await open(page, `/projects?${moment}`, '')
    await page.getByRole('searchbox').fill(POSTED_TWICE)
    await expect(page.locator('tr.row')).toHaveCount(1)
    await expect(page.locator('tr.row')).toContainText(amount(figure, 'wan'))
    await expect(page.getByText('您正在查看历史时点')).toBeVisible()
  }
})

test('both clocks are moved by the keyboard', async ({ page }) => {
  await open(page, '/projects', '')
  await page.getByRole('button', { name: /截至（业务日）/ }).click()
  const business = page.getByRole('slider', { name: '截至（业务日）' })
  const known = page.getByRole('slider', { name: '按当时已知' })
  await expect(business).toHaveAttribute('aria-valuetext', '今天')
  await business.focus()
  await page.keyboard.press('Home')
  await expect(page).toHaveURL(/as_of=\d{4}-01-01/)
  await page.keyboard.press('ArrowRight')
  await expect(page).toHaveURL(/as_of=\d{4}-01-02/)
  await known.focus()
  await page.keyboard.press('ArrowLeft')
  await expect(page).toHaveURL(/known_at=/)
  await expect(page.getByText('您正在查看历史时点')).toBeVisible()
  await page.keyboard.press('End')
  await expect(page).not.toHaveURL(/known_at=/)
})

test('the difference of two moments is the difference of their figures, with the records that make it', async ({ page }) => {
  const of = async (moment: string) => (await ask('/overview', moment)).currencies[0].amounts.spent
  const [then, later] = [await of(THEN), await of(LATER)]
  await open(page, `/difference?from_as_of=2024-06-30&from_known_at=2024-07-05&${LATER}`, '')
  const row = page.locator('[data-row=spent]')
  await expect(row).toContainText(amount(then, 'wan'))
  await expect(row).toContainText(amount(later, 'wan'))
  await expect(row).toContainText(amount(subtract(later, then), 'wan'))
  await expect(page.locator('.between li').filter({ hasText: '冲销' }).first()).toBeVisible()
  await expect(page.locator('.between li').filter({ hasText: POSTED_TWICE }).first()).toBeVisible()
})

test('a posting elsewhere changes the overview without a reload, and moves no list', async ({ page }) => {
  await open(page, '/', '')
  await expect(page.getByRole('img', { name: '实时连接正常' })).toBeVisible()
  const spent = page.locator('[data-amount=spent]')
  await page.getByLabel('金额单位').selectOption('yuan')
  const told = await ask('/overview', '')
  await expect(spent).toHaveText(amount(told.currencies[0].amounts.spent, 'yuan'))
  const list = await page.getByRole('region', { name: '承担单位排名' }).innerText()
  const posted = await fetch(url('/v1/projects/TLF-2024-005/expenditures'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': `overview-${Date.now()}` },
    body: JSON.stringify({ occurred_on: '2025-03-02', amount: '7.00', voucher_no: 'overview' }),
  })
  expect(posted.status).toBe(201)
  await expect(spent).toHaveText(amount(subtract(told.currencies[0].amounts.spent, '-7'), 'yuan'))
  await expect(spent.locator('.flash')).toBeVisible()
  expect(await page.getByRole('region', { name: '承担单位排名' }).innerText()).toBe(list)
})
