// The tables: sums, files that can be added up again, views that are kept, and what is fetched while one scrolls.

import { expect, test, type Page } from '@playwright/test'
import { readFile } from 'node:fs/promises'
import { amount, plainAmount, sum } from '../../services/dashboard/src/money'
import { ask, open } from './pages'
import { rowsOf } from './workbook'

async function exported(page: Page) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: '导出 Excel' }).click()])
  return rowsOf(await readFile(await download.path()))
}

test('a workbook adds up to the API’s figures to the fen, whatever the unit on the screen', async ({ page }) => {
  const { sums, total } = await ask('/projects/subtotals')
  await open(page, '/projects')
  for (const unit of ['wan', 'yuan'] as const) {
    await page.getByLabel('金额单位').selectOption(unit)
    const rows = await exported(page)
    expect(rows[0]![0]!.text).toBe('项目')
    expect(rows[1]!.map((cell) => cell.text).join()).toContain(unit === 'wan' ? '金额单位：万元' : '金额单位：元')
    const head = rows[2]!.map((cell) => cell.text)
    const body = rows.slice(4, 4 + total)
    expect(rows[3]![0]!.text).toBe('合计')
    for (const [label, name] of [['批复预算', 'life_budget'], ['累计支出', 'spent'], ['财政资金余额', 'idle']] as const) {
      const column = head.indexOf(label)
      const whole = plainAmount(sums[0].amounts[name], unit)
      expect(rows[3]![column]).toEqual({ text: whole, isNumber: true })
      expect(sum(body.map((row) => row[column]!.text))).toBe(whole)
    }
    expect(body.every((row) => !row[0]!.isNumber)).toBe(true)
    expect(rows.at(-1)![0]!.text).toContain('单位负责人（盖章）')
  }
})

test('subtotals stand before the rows of each unit and add up to the total', async ({ page }) => {
  const { units } = await ask('/projects/subtotals')
  await open(page, '/projects')
  await page.getByLabel('按单位小计').check()
  const first = page.locator('tr.subtotal').first()
  await expect(first).toContainText(units[0].unit_name)
  await expect(first).toContainText(amount(units[0].sums[0].amounts.spent, 'wan'))
  const rows = await exported(page)
  const subtotals = rows.filter((row) => units.some((unit: { unit_name: string }) => unit.unit_name === row[0]?.text))
  expect(subtotals).toHaveLength(units.length)
})

test('each row tells its year and the day of its last fact', async ({ page }) => {
  const { items } = await ask('/projects?q=TLF-2024-002')
  const { last_spent_on } = items[0].currencies[0].course
  await open(page, '/projects')
  await page.getByRole('searchbox').fill('TLF-2024-002')
  await expect(page.locator('tr.row')).toHaveCount(1)
  await expect(page.locator('tr.row')).toContainText(last_spent_on)
  await expect(page.locator('tr.row svg')).toHaveAttribute('aria-label', /逐月支出/)
})

test('a view is kept with its columns, order and filters', async ({ page }) => {
  await open(page, '/projects?state=running')
  const names = page.getByRole('columnheader')
  await page.getByText('列', { exact: true }).click()
  await page.getByLabel('计划类别').check()
  await page.getByText('列', { exact: true }).click()
  await page.getByRole('columnheader', { name: '累计支出' }).getByRole('button').click()
  await page.getByText('视图', { exact: true }).click()
  await page.getByPlaceholder('视图名称').fill('执行中')
  await page.getByRole('button', { name: '保存' }).click()
  const kept = await names.allInnerTexts()
  await open(page, '/projects')
  expect(await names.allInnerTexts()).not.toEqual(kept)
  await page.getByText('视图', { exact: true }).click()
  await page.getByRole('button', { name: '执行中', exact: true }).click()
  await expect(page).toHaveURL(/state=running/)
  await expect(page).toHaveURL(/as_of=2024-12-31/)
  await expect.poll(() => names.allInnerTexts()).toEqual(kept)
})
