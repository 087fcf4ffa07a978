// `npm run bench`: how long the page is held up by a table of 100,000 projects, and what script the overview needs. It fills a store of its own, which takes
// minutes, and so is no part of `make test`.

import { expect, test } from '@playwright/test'
import { PROJECTS } from './long.ts'
import { drawn, LARGEST_SCRIPT_BYTES, scriptBytes } from './pages.ts'

const LONGEST_TASK_MS = 100

test('a table of 100,000 projects is searched, sorted and scrolled without a long task', async ({ page }) => {
  test.setTimeout(600_000)
  const url = process.env.KAREZ_URL!
  await page.addInitScript(() => {
    const tasks: number[] = []
    Object.assign(window, { tasks })
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: 'longtask', buffered: true })
  })
  await page.goto(`${url}/projects?as_of=2024-12-31`)
  const rows = page.locator('tr.row:not([aria-busy])')
  await expect(rows.first()).toBeVisible({ timeout: 120_000 })
  await expect(page.getByText(`共 ${PROJECTS} 行`)).toBeVisible()
  const firstPaint = await page.evaluate(() => performance.now())
  const measured: Record<string, number> = { 'first rows': Math.round(firstPaint) }
  const during = async (name: string, act: () => Promise<void>) => {
    await page.evaluate(() => ((window as unknown as { tasks: number[] }).tasks.length = 0))
    const began = Date.now()
    await act()
    measured[`${name}, answered after`] = Date.now() - began
    measured[`${name}, longest task`] = Math.round(await page.evaluate(() => Math.max(0, ...(window as unknown as { tasks: number[] }).tasks)))
  }
  const view = page.locator('.view')
  await during('scrolling', async () => {
    for (let step = 1; step <= 40; step += 1) await view.evaluate((element, part) => element.scrollTo({ top: element.scrollHeight * part }), step / 41)
    await expect(rows.first()).toBeVisible({ timeout: 60_000 })
  })
  await during('sorting', async () => {
    await page.getByRole('columnheader', { name: '累计支出' }).getByRole('button').click()
    await expect(page.getByRole('columnheader', { name: '累计支出' })).toHaveAttribute('aria-sort', 'descending')
    await expect(rows.first()).toBeVisible({ timeout: 60_000 })
  })
  await during('searching', async () => {
    await page.getByRole('searchbox').fill('P00099')
    await expect(page.getByText(/显示 \d{1,3} 行/)).toBeVisible({ timeout: 60_000 })
  })
  console.log(JSON.stringify(measured, null, 2))
  for (const [name, ms] of Object.entries(measured)) if (name.endsWith('longest task')) expect.soft(ms, name).toBeLessThan(LONGEST_TASK_MS)
})

test('the overview of 100,000 projects needs little script', async ({ page }) => {
  const bytes = await scriptBytes(page, async () => {
    await page.goto(`${process.env.KAREZ_URL}/?as_of=2024-12-31`)
    await expect(page.locator('[data-amount=spent]')).toBeVisible({ timeout: 120_000 })
    await drawn(page)
  })
  console.log(JSON.stringify({ 'script of the overview, bytes of gzip': bytes }))
  expect(bytes).toBeLessThan(LARGEST_SCRIPT_BYTES)
})
