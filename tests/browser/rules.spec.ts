// A change of the rules: drafted on a rule's page, held against the past, proposed by one person and published by another.

import { expect, test } from '@playwright/test'
import { guarded, pageOf } from './guarded'
import { graveFindings } from './pages'

const RULE = 'idle_funds'

test.beforeEach(() => test.skip(!process.env.KAREZ_GUARDED_URL, 'the server under test is another’s'))

test('finance drafts a threshold, sees what it would have changed, and another person publishes it', async ({ browser }) => {
  test.setTimeout(180_000)
  const author = await pageOf(browser, 'demo-finance', `/rules/${RULE}`)
  await author.locator('[name="levels.blue"]').fill('sixty')
  await expect(author.getByRole('alert')).toHaveText('请填写数字')
  await author.locator('[name="levels.blue"]').fill('60')
  await expect(author.getByText('各色起点：蓝由 90 改为 60')).toBeVisible()

  await author.locator('[name=backtest_from]').fill('2024-01-01')
  await author.locator('[name=backtest_to]').fill('2024-07-31')
  await author.getByRole('button', { name: '开始回测' }).click()
  const told = author.locator('[data-count=gained]')
  await expect(told).toBeVisible({ timeout: 120_000 })
  const answered = await author.request.post(guarded(`/v1/rules/${RULE}/backtest`), {
    headers: { 'x-karez-request': '1' },
    data: { thresholds: `[rules.${RULE}.levels]\nblue = "60"\nyellow = "180"\norange = "270"\nred = "365"\n`, from: '2024-01-01', to: '2024-07-31' },
  })
  const report = await answered.json()
  expect(report.gained + report.earlier).toBeGreaterThan(0)
  for (const count of ['gained', 'lost', 'earlier', 'later', 'level_changed', 'same']) await expect(author.locator(`[data-count=${count}] .count`)).toHaveText(String(report[count]))
  await expect(author.locator('.backtest tbody tr')).toHaveCount(report.items.length)
  expect.soft(await graveFindings(author), 'axe, with a draft and a back-test').toEqual([])

  // What is typed outlives a reload.
  await author.reload()
  await expect(author.locator('[name="levels.blue"]')).toHaveValue('60')
  await author.getByRole('button', { name: '提议变更' }).click()
  const dialog = author.getByRole('dialog')
  await expect(dialog).toContainText('蓝由 90 改为 60')
  await dialog.getByRole('button', { name: '提议变更' }).click()
  await expect(dialog.getByRole('alert')).toHaveText('此项必填')
  await dialog.locator('[name=reason]').fill('两个月无支出即应提示')
  await dialog.getByRole('button', { name: '提议变更' }).click()
  await expect(author.getByText(/已记入账本第 \d+ 条/)).toBeVisible()
  await author.getByRole('link', { name: '查看规则变更' }).click()
  const own = author.locator('.proposal').first()
  await expect(own).toContainText('demo-finance')
  await expect(own).toContainText('两个月无支出即应提示')
  await expect(own.locator('tbody tr')).toHaveCount(1)
  await expect(own.getByRole('button', { name: '发布' })).toBeDisabled()
  await expect(own).toContainText('须由另一位有发布权限的人发布')
  const id = await own.getAttribute('data-proposal')
  const refused = await author.request.post(guarded(`/v1/rules/proposals/${id}/publish`), { data: {}, headers: { 'x-karez-request': '1', 'idempotency-key': 'own' } })
  expect(refused.status()).toBe(422)

  const publisher = await pageOf(browser, 'finance', '/rules')
  const theirs = publisher.locator(`[data-proposal="${id}"]`)
  await expect(theirs.locator('tbody tr')).toContainText('90')
  await theirs.getByRole('button', { name: '发布' }).click()
  await publisher.getByRole('dialog').getByRole('button', { name: '发布' }).click()
  await expect(theirs.locator('.tag')).toHaveText('已发布')
  await publisher.goto(guarded(`/rules/${RULE}`))
  await expect(publisher.locator('[name="levels.blue"]')).toHaveValue('60')

  // A second change keeps the first, and may concern one programme only.
  await publisher.locator('[name=programme]').selectOption({ index: 1 })
  const programme = await publisher.locator('[name=programme]').inputValue()
  await publisher.locator('[name="levels.blue"]').fill('45')
  await publisher.getByRole('button', { name: '提议变更' }).click()
  await publisher.getByRole('dialog').locator('[name=reason]').fill('重点类别从严')
  await publisher.getByRole('dialog').getByRole('button', { name: '提议变更' }).click()
  await publisher.getByRole('link', { name: '查看规则变更' }).click()
  const second = publisher.locator('.proposal').first()
  const row = second.locator('tbody tr', { hasText: 'levels.blue' })
  await expect(row).toContainText(programme)
  await expect(row.locator('td')).toHaveText(['同通用阈值', '45'])
  await second.getByRole('button', { name: '撤回' }).click()
  await publisher.getByRole('dialog').locator('[name=cause]').fill('另行研究')
  await publisher.getByRole('dialog').getByRole('button', { name: '撤回' }).click()
  await expect(second.locator('.tag')).toHaveText('已撤回')
  await expect(second).toContainText('另行研究')
  await publisher.reload()
  await expect(publisher.getByText('没有待发布的变更')).toBeVisible()
  await publisher.getByRole('button', { name: '显示全部 2 项' }).click()
  await expect(publisher.locator('.proposal')).toHaveCount(2)
  await author.context().close()
  await publisher.context().close()
})

test('a unit sees the thresholds and changes none; an auditor tries out and proposes nothing', async ({ browser }) => {
  const unit = await pageOf(browser, 'demo-unit', `/rules/${RULE}`)
  await expect(unit.locator('.threshold', { hasText: 'levels.red' })).toContainText('365')
  await expect(unit.locator('.threshold input')).toHaveCount(0)
  const auditor = await pageOf(browser, 'demo-auditor', `/rules/${RULE}`)
  await auditor.locator('[name="levels.red"]').fill('300')
  await expect(auditor.getByRole('button', { name: '开始回测' })).toBeVisible()
  await expect(auditor.getByRole('button', { name: '提议变更' })).toHaveCount(0)
  await unit.context().close()
  await auditor.context().close()
})
