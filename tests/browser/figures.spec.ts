// What is on the page is what the API says, to the digit.

import { expect, test, type Page } from '@playwright/test'
import { readFile } from 'node:fs/promises'
import { amount, figure, percent } from '../../services/dashboard/src/money'
import { ask, at, open } from './pages'

const PROJECT = 'TLF-2024-002'
const number = (page: Page, name: string) => page.getByRole('columnheader', { name, exact: true })

test('the overview shows the amounts, rates and counts of the API', async ({ page }) => {
  const told = await ask('/overview')
  const yuan = told.currencies[0]
  await open(page, '/')
  for (const name of ['life_budget', 'issued', 'disbursed', 'arrived', 'spent']) {
    await expect(page.locator(`[data-amount=${name}]`)).toHaveText(amount(yuan.amounts[name], 'wan'))
  }
  for (const name of ['F5', 'F5d', 'F21', 'F3']) {
    const rate = yuan.rates.find((each: { figure: string }) => each.figure === name)
    const shown = page.locator('.rate', { has: page.locator(`[data-figure=${name}]`) })
    await expect(shown.locator(`[data-figure=${name}]`)).toHaveText(percent(rate.rate_percent))
    await expect(shown).toContainText(amount(rate.numerator, 'wan'))
    await expect(shown).toContainText(amount(rate.denominator, 'wan'))
    await expect(shown).toContainText(/财政口径|单位口径/)
  }
  await expect(page.getByText(`低于序时进度 ${figure(yuan.deviation_pp.slice(1))} 个百分点`)).toBeVisible()
  await expect(page.locator('[data-count=projects]')).toHaveText(String(told.projects))
  await expect(page.locator('.stand')).toContainText('截至 2024-12-31')
})

test('warnings are counted by colour as the API counts them', async ({ page }) => {
  await open(page, '/')
  for (const level of ['red', 'orange', 'yellow', 'blue']) {
    const { total } = await ask(`/warnings?level=${level}&limit=1`)
    const { total: before } = await ask(`/warnings?level=${level}&limit=1`, 'as_of=2024-12-30&known_at=2025-03-21')
    await expect(page.locator(`[data-level=${level}]`)).toHaveText(String(total))
    const change = page.locator(`[data-change=${level}]`)
    await expect(change).toContainText(total === before ? '持平' : `${Math.abs(total - before)} 条`)
  }
})

test('the table of projects shows each project’s figures in any unit', async ({ page }) => {
  const told = await ask(`/projects/${PROJECT}`)
  const { amounts, deviation_pp } = told.currencies[0]
  await open(page, '/projects')
  const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: PROJECT, exact: true }) })
  for (const unit of ['wan', 'yuan', 'yi'] as const) {
    await page.getByLabel('金额单位').selectOption(unit)
    for (const name of ['life_budget', 'spent', 'idle']) await expect(row).toContainText(amount(amounts[name], unit))
  }
  await expect(row).toContainText(figure(deviation_pp))
  await expect(row.getByText(figure(deviation_pp)).locator('..')).toHaveClass(/negative/)
  await expect(page.getByText('金额单位：亿元')).toBeVisible()
})

test('rows are sorted by exact amounts and found by words', async ({ page }) => {
  const { items, total } = await ask('/projects?limit=1000&sort=-spent')
  await open(page, '/projects')
  await expect(page.getByText(`显示 ${total} 行，共 ${total} 行`)).toBeVisible()
  await number(page, '累计支出').getByRole('button').click()
  await expect(number(page, '累计支出')).toHaveAttribute('aria-sort', 'descending')
  const first = page.locator('tr.row').first()
  await expect(first).toContainText(amount(items[0].currencies[0].amounts.spent, 'wan'))
  await page.getByRole('searchbox').fill(PROJECT)
  await expect(page.locator('tr.row')).toHaveCount(1)
  await expect(page.locator('tr.total')).toContainText(await page.locator('tr.row .num').first().innerText())
})

test('columns can be chosen, and what is shown is exported', async ({ page }) => {
  await open(page, '/projects')
  await page.getByText('列', { exact: true }).click()
  await page.getByLabel('计划类别').check()
  await page.getByLabel('序时进度').uncheck()
  await expect(number(page, '计划类别')).toBeVisible()
  await expect(number(page, '序时进度')).toHaveCount(0)
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: '导出 CSV' }).click()])
  const lines = (await readFile(await download.path(), 'utf8')).split('\r\n')
  expect(lines[1]).toContain('截至 2024-12-31')
  expect(lines[2]).toContain('金额单位：万元')
  expect(lines[3]).toMatch(/^编号,项目名称,承担单位,状态,批复预算/)
  expect(lines[4]).toMatch(/^合计/)
  expect(lines.slice(5, -1)).toHaveLength((await ask('/projects?limit=1')).total)
  const told = await ask(`/projects/${PROJECT}`)
  expect(lines.find((line) => line.startsWith(PROJECT))).toContain(told.title)
})

test('every row is printed, and only the page', async ({ page }) => {
  await open(page, '/projects')
  const { total } = await ask('/projects?limit=1')
  expect(await page.locator('tr.row').count()).toBeLessThan(total)
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')))
  await expect(page.locator('tr.row')).toHaveCount(total)
  await page.emulateMedia({ media: 'print' })
  await expect(page.locator('nav')).toBeHidden()
  await expect(page.locator('.stand')).toBeVisible()
  await expect(page.getByText('您正在查看历史时点')).toBeVisible()
})

test('paper says how many rows of a long table it does not have', async ({ page }) => {
  const many = 6000
  await page.route(/\/v1\/projects\?/, async (route) => {
    const answered = await route.fetch()
    await route.fulfill({ response: answered, json: { ...(await answered.json()), total: many } })
  })
  const { items } = await ask('/projects?limit=200')
  await open(page, '/projects')
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')))
  await page.emulateMedia({ media: 'print' })
  await expect(page.locator('tr.row')).toHaveCount(items.length)
  await expect(page.getByText(`只印前 ${items.length} 行，共 ${many} 行，其余 ${many - items.length} 行未印`)).toBeVisible()
  await page.evaluate(() => dispatchEvent(new Event('afterprint')))
  await expect(page.getByText('未印')).toHaveCount(0)
})

test('a project’s page shows its tranches, lines and history down to the voucher', async ({ page }) => {
  const told = await ask(`/projects/${PROJECT}`)
  const { tranches, lines } = told.currencies[0]
  await open(page, `/projects/${PROJECT}`)
  const table = (name: string) => page.getByRole('region', { name, exact: true })
  await expect(table('到位批次')).toContainText(amount(tranches[0].balance, 'wan'))
  await expect(table('到位批次')).toContainText(String(tranches[0].days))
  for (const line of lines) await expect(table('预算科目')).toContainText(amount(line.budget, 'wan'))
  const history = await ask(`/projects/${PROJECT}/events?limit=1000`)
  await expect(page.locator('.timeline > li')).toHaveCount(history.items.length)
  const spent = history.items.findLast((event: { type: string }) => event.type === 'expenditure_recorded')
  const entry = page.locator(`#event-${spent.event_id}`)
  await expect(entry).toContainText(`凭证 ${spent.data.voucher_no}`)
  await entry.locator('summary').click()
  await expect(entry).toContainText(spent.hash)
})

test('the curve’s points are the figures of the month ends', async ({ page }) => {
  await open(page, `/projects/${PROJECT}`)
  await page.getByText('数据表').click()
  const region = page.getByRole('region', { name: /数据表/ })
  for (const day of ['2024-03-31', '2024-08-31']) {
    const told = await ask(`/projects/${PROJECT}`, `as_of=${day}&known_at=2025-03-21`)
    const figures = told.currencies[0]
    const executed = figures.rates.find((rate: { figure: string }) => rate.figure === figures.execution_figure)
    const row = region.getByRole('row').filter({ hasText: day })
    await expect(row).toContainText(percent(executed.rate_percent))
    await expect(row).toContainText(percent(figures.benchmark.percent))
  }
})

test('from the total to a voucher in three clicks', async ({ page }) => {
  await open(page, '/')
  await page.getByRole('region', { name: '承担单位排名' }).getByRole('link').first().click()
  await expect(page.locator('h1')).toHaveText('项目')
  await page.locator('tr.row').first().getByRole('link').first().click()
  await expect(page.getByRole('heading', { name: '事件时间线' })).toBeVisible()
  await page.locator('.timeline summary').first().click()
  await expect(page.locator('.timeline pre').first()).toBeVisible()
  await expect(page).toHaveURL(/as_of=2024-12-31/)
})

test('the audit page shows the log with its hashes at the moment looked at', async ({ page }) => {
  await open(page, '/audit')
  const first = page.locator('.events > li').first()
  await expect(first).toBeVisible()
  const position = Number(/#(\d+)/.exec(await first.innerText())![1])
  const told = await ask(`/events?after=${position - 1}&limit=1`)
  await first.locator('summary').click()
  await expect(first).toContainText(told.items[0].hash)
  await page.getByRole('button', { name: '更早' }).click()
  await expect(page).toHaveURL(/before=/)
  await expect(page.locator('.events > li').first()).not.toContainText(`#${position}`)
  await page.goto(at('/audit?show=rejections'))
  await expect(page.getByRole('button', { name: '未予入账' })).toHaveAttribute('aria-pressed', 'true')
})
