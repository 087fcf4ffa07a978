// What people do: choose a language and a moment, act on a warning, post an expenditure, see what is new.

import { expect, test } from '@playwright/test'
import { ask, has, open, url } from './pages'

const NOW = ''
const PROJECT = 'TLF-2024-005'

async function post(voucher: string): Promise<void> {
  const answered = await fetch(url(`/v1/projects/${PROJECT}/expenditures`), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': encodeURI(voucher) },
    body: JSON.stringify({ occurred_on: '2025-03-01', amount: '1.00', voucher_no: voucher }),
  })
  expect(answered.status).toBe(201)
}

test('the language changes without a reload and is kept', async ({ page }) => {
  await open(page, '/')
  await page.evaluate(() => ((window as unknown as { marked: boolean }).marked = true))
  await page.getByLabel('语言').selectOption('en')
  await expect(page.locator('h1')).toHaveText('Overview')
  await expect(page.locator('html')).toHaveAttribute('lang', 'en')
  expect(await page.evaluate(() => (window as unknown as { marked: boolean }).marked)).toBe(true)
  await page.reload()
  await expect(page.locator('h1')).toHaveText('Overview')
})

test('a past moment is unmistakable, stays from page to page and in the address', async ({ page }) => {
  await page.goto(url('/projects'))
  await expect(page.locator('tr.row').first()).toBeVisible()
  const banner = page.getByText('您正在查看历史时点')
  await expect(banner).toHaveCount(0)
  await page.getByRole('button', { name: /截至（业务日）/ }).click()
  await page.getByRole('combobox', { name: '截至（业务日）' }).fill('2024-06-30')
  await page.getByRole('combobox', { name: '截至（业务日）' }).press('Enter')
  await page.locator('[name=known_at]').fill('2024-07-05')
  await page.getByRole('button', { name: '查看', exact: true }).click()
  await expect(banner).toBeVisible()
  await expect(page).toHaveURL(/as_of=2024-06-30/)
  await expect(page).toHaveURL(/known_at=2024-07-05/)
  await expect(page.locator('.stand')).toContainText('截至 2024-06-30')
  await page.getByRole('navigation').getByRole('link', { name: '总览' }).click()
  await expect(banner).toBeVisible()
  const told = await ask('/overview', 'as_of=2024-06-30&known_at=2024-07-05')
  await expect(page.locator('.stand')).toContainText(`账本第 ${told.position} 条`)
  await page.getByRole('button', { name: '回到现在' }).click()
  await expect(banner).toHaveCount(0)
  await expect(page).not.toHaveURL(/as_of/)
})

test('a warning is answered for with a reason, on a phone', async ({ page }) => {
  test.skip(!(await has('/v1/warnings')), 'this server has no /v1/warnings')
  await page.setViewportSize({ width: 390, height: 844 })
  await open(page, '/warnings', NOW)
  const card = page.locator('article.warning').first()
  await card.getByRole('button', { name: '误报' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: '提交' }).click()
  await expect(dialog.getByRole('alert')).toHaveText('此项必填')
  await dialog.locator('[name=cause]').fill('台账与银行流水核对无误')
  await dialog.getByRole('button', { name: '提交' }).click()
  await expect(page.getByText(/已记入账本第 \d+ 条/)).toBeVisible()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
})

test('a warning is acknowledged with one tap, on a phone', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await open(page, '/warnings', NOW)
  const card = page.locator('article.warning', { has: page.getByRole('button', { name: '签收' }) }).first()
  const id = decodeURIComponent((await card.getByRole('link', { name: '为什么' }).getAttribute('href'))!.split('/').at(-1)!)
  await card.getByRole('button', { name: '签收' }).click()
  await expect(page.getByText(/已记入账本第 \d+ 条/)).toBeVisible()
  await expect(page.getByRole('dialog')).toHaveCount(0)
  expect((await ask(`/warnings/${id}`, NOW)).acknowledged_at).not.toBeNull()
})

test('several warnings are assigned at once, after they were named', async ({ page }) => {
  await open(page, '/warnings?group=byCause', NOW)
  await page.getByRole('checkbox', { name: '全选' }).first().check()
  await page.locator('article.warning').last().getByRole('checkbox').check()
  const several = page.getByRole('group', { name: '批量处置' })
  const count = Number(/已选 (\d+) 条/.exec(await several.innerText())![1])
  expect(count).toBeGreaterThan(1)
  await several.getByRole('button', { name: '转派' }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByRole('listitem')).toHaveCount(count)
  await dialog.locator('[name=assignee]').fill('阿依古丽')
  await dialog.getByRole('button', { name: '提交' }).click()
  await expect(page.getByText(`已逐条记入，共 ${count} 条`)).toBeVisible()
  const { items } = await ask('/warnings?limit=1000', NOW)
  expect(items.filter((warning: { assignee: string | null }) => warning.assignee === '阿依古丽')).toHaveLength(count)
})

test('the official template is there to take, and what is no workbook is refused in words', async ({ page }) => {
  await open(page, '/post', NOW)
  const template = await page.request.get(url((await page.getByRole('link', { name: '下载模板' }).getAttribute('href'))!))
  expect(template.headers()['content-disposition']).toContain('.xlsx')
  expect((await template.body()).subarray(0, 2).toString()).toBe('PK')
  await expect(page.locator('.upload').getByRole('button', { name: '入账' })).toBeDisabled()
  await page.locator('[name=workbook]').setInputFiles({ name: 'notes.xlsx', mimeType: 'text/plain', buffer: Buffer.from('not a workbook') })
  await page.locator('.upload').getByRole('button', { name: '试算' }).click()
  await expect(page.locator('.upload').getByRole('alert')).toBeVisible()
  await expect(page.locator('.upload').getByRole('button', { name: '入账' })).toBeDisabled()
})

test('a posting is taken back by a reversal with a reason', async ({ page }) => {
  await post('冲销-0001')
  await open(page, `/post?project=${PROJECT}`, NOW)
  await page.getByRole('button', { name: '冲销', exact: true }).click()
  await expect(page.locator('.reversal .field.wrong')).toHaveCount(3)
  const voucher = page.locator('[name=event] option', { hasText: '冲销-0001' })
  const event = (await voucher.getAttribute('value'))!
  await page.locator('[name=event]').selectOption(event)
  await page.locator('[name=reversed_on]').fill('2025-03-02')
  await page.locator('[name=reverse_reason]').fill('重复报账')
  await page.getByRole('button', { name: '冲销', exact: true }).click()
  await expect(page.getByText(/已记入账本第 \d+ 条/)).toBeVisible()
  await expect(voucher).toHaveCount(0)
  const { items } = await ask(`/projects/${PROJECT}/events?limit=1000`, NOW)
  expect(items.filter((each: { data: { reverses?: string } }) => each.data.reverses === event)).toHaveLength(1)
})

test('a warning says why', async ({ page }) => {
  test.skip(!(await has('/v1/warnings')), 'this server has no /v1/warnings')
  await open(page, '/warnings')
  const why = page.locator('article.warning').first().getByRole('link', { name: '为什么' })
  const told = await ask(new URL((await why.getAttribute('href'))!, url('/')).pathname)
  await why.click()
  await expect(page.getByText(told.evidence_zh.formula)).toBeVisible()
  await expect(page.getByText(told.sentence_zh)).toBeVisible()
})

test('an expenditure is refused field by field, and lands once', async ({ page }) => {
  await open(page, '/post', NOW)
  await page.getByRole('button', { name: '提交入账' }).click()
  await expect(page.locator('.field.wrong')).toHaveCount(4)
  await page.locator('[name=project]').fill(PROJECT)
  await page.locator('[name=occurred_on]').fill('2025-03-01')
  await page.locator('[name=occurred_on]').press('Enter')
  await page.locator('[name=amount]').fill('12万')
  await page.locator('[name=voucher_no]').fill('看板-0001')
  await expect(page.locator('.field.wrong')).toHaveCount(1)
  await expect(page.locator('.field.wrong')).toContainText('请填写数字')
  await page.locator('[name=amount]').fill('1,234.50')
  await page.getByRole('button', { name: '提交入账' }).click()
  await expect(page.getByRole('heading', { name: '✓ 已入账' })).toBeVisible()
  const { items } = await ask(`/projects/${PROJECT}/events?limit=1000`, NOW)
  const landed = items.filter((event: { data: { voucher_no?: string } }) => event.data.voucher_no === '看板-0001')
  expect(landed.map((event: { data: { amount: string } }) => event.data.amount)).toEqual(['1234.50'])
})

test('a form says which warnings it would trigger before it is sent', async ({ page }) => {
  test.skip(!(await has('/v1/preview')), 'this server has no /v1/preview')
  await open(page, '/post', NOW)
  await page.locator('[name=project]').fill(PROJECT)
  await page.locator('[name=occurred_on]').fill('2025-03-01')
  await page.locator('[name=occurred_on]').press('Enter')
  await page.locator('[name=amount]').fill('900000')
  await page.locator('[name=voucher_no]').fill('试算-0001')
  await page.getByRole('button', { name: '试算预警' }).click()
  await expect(page.locator('.preview')).toContainText('这笔支出将触发')
  await expect(page.locator('.preview li').first()).toContainText('预警')
})

test('the server’s refusal is shown at its field', async ({ page }) => {
  await open(page, '/post', NOW)
  await page.locator('[name=project]').fill(PROJECT)
  await page.locator('[name=occurred_on]').fill('2025-03-01')
  await page.locator('[name=occurred_on]').press('Enter')
  await page.locator('[name=amount]').fill('1.23456')
  await page.locator('[name=voucher_no]').fill('看板-0002')
  await page.getByRole('button', { name: '提交入账' }).click()
  await expect(page.locator('.field.wrong')).toHaveCount(1)
  await expect(page.locator('.field.wrong [name=amount]')).toBeVisible()
  await expect(page.getByRole('alert')).toContainText('未予入账')
})

test('news waits for a click and moves no row', async ({ page }) => {
  test.skip(!(await has('/v1/live')), 'this server has no /v1/live')
  await open(page, '/projects', NOW)
  await expect(page.getByRole('img', { name: '实时连接正常' })).toBeVisible()
  const before = await page.locator('tr.row').allInnerTexts()
  await post(`live-${Date.now()}`)
  const news = page.getByRole('button', { name: /条新记录，点击刷新/ })
  await expect(news).toBeVisible()
  expect(await page.locator('tr.row').allInnerTexts()).toEqual(before)
  await news.click()
  await expect(page.locator('tr.row', { hasText: PROJECT })).not.toHaveText(before.find((text) => text.includes(PROJECT))!)
})

test('a lost connection shows at once and goes when it is back', async ({ page, context }) => {
  await open(page, '/projects', NOW)
  await context.setOffline(true)
  const lost = page.getByRole('alert').filter({ hasText: '连接已断开' })
  await expect(lost).toBeVisible()
  await context.setOffline(false)
  await expect(lost).toHaveCount(0)
})
