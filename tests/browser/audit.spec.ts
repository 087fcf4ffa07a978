// Audit: that nothing was altered, in plain words; evidence to take away; who looked at what, and at whom.

import { expect, test } from '@playwright/test'
import { readFileSync } from 'node:fs'
import { guarded, pageOf } from './guarded'
import { graveFindings } from './pages'

test.beforeEach(() => test.skip(!process.env.KAREZ_GUARDED_URL, 'the server under test is another’s'))

test('an auditor has the log checked and is told that it is intact', async ({ browser }) => {
  const page = await pageOf(browser, 'demo-auditor', '/audit')
  await page.getByRole('button', { name: '核验与证据' }).click()
  await page.getByRole('button', { name: '开始核验' }).click()
  await expect(page.getByText(/账本完整：\d+ 条记录/)).toBeVisible({ timeout: 60_000 })
  const told = await (await page.request.get(guarded('/v1/audit/verify'))).json()
  expect(told.is_sound).toBe(true)
  await expect(page.getByText(told.hash)).toBeVisible()
  expect.soft(await graveFindings(page)).toEqual([])
  await page.context().close()
})

test('a checkpoint, the proof of an event and the evidence pack can be taken away', async ({ browser }) => {
  const page = await pageOf(browser, 'demo-auditor', '/audit?show=check')
  await page.getByRole('button', { name: '现在生成检查点' }).click()
  await expect(page.getByText(/已生成检查点，覆盖 \d+ 条记录/)).toBeVisible()
  const [note] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: '下载检查点' }).click()])
  expect(note.suggestedFilename()).toMatch(/^karez-checkpoint-\d+\.txt$/)
  const pack = page.getByRole('link', { name: '下载证据包' })
  await page.locator('[name=scope]').selectOption('project')
  await expect(pack).toHaveCount(0)
  await page.locator('[name=pack_project]').fill('TLF-2024-002')
  const answered = await page.request.get(guarded((await pack.getAttribute('href'))!))
  expect(answered.headers()['content-type']).toBe('application/zip')
  expect((await answered.body()).subarray(0, 2).toString()).toBe('PK')

  await page.getByRole('button', { name: '事件账本' }).click()
  const event = page.locator('.events details').first()
  await event.locator('summary').click()
  const [proof] = await Promise.all([page.waitForEvent('download'), event.getByRole('button', { name: '下载存在证明' }).click()])
  const kept = JSON.parse(readFileSync(await proof.path(), 'utf8'))
  expect(kept.checkpoint.size).toBeGreaterThanOrEqual(kept.position)
  await expect(event.getByText(`第 ${kept.position} 条在覆盖`)).toBeVisible()
  await page.context().close()
})

test('a payee is shown for a reason that is in the log, and what an auditor reads is kept', async ({ browser }) => {
  const finance = await pageOf(browser, 'demo-finance', '/projects/TLF-2024-002')
  const { items } = await (await finance.request.get(guarded('/v1/projects/TLF-2024-002/events?limit=1000'))).json()
  const paid = items.find((event: { data: { payee?: object } }) => event.data.payee)
  await finance.goto(guarded(`/audit?before=${paid.position + 1}`))
  const event = finance.locator('.events details').first()
  await event.locator('summary').click()
  await event.getByRole('button', { name: '查看收款人' }).click()
  const dialog = finance.getByRole('dialog')
  await dialog.getByRole('button', { name: '查看收款人' }).click()
  await expect(dialog.getByRole('alert')).toHaveText('此项必填')
  await dialog.locator('[name=cause]').fill('核对银行回单')
  await dialog.getByRole('button', { name: '查看收款人' }).click()
  const shown = event.locator('[data-payee]')
  await expect(shown).toContainText(/已记入账本第 \d+ 条/)
  const position = Number(/第 (\d+) 条/.exec(await shown.innerText())![1])
  const looked = (await (await finance.request.get(guarded(`/v1/events?after=${position - 1}&limit=1`))).json()).items[0]
  expect([looked.type, looked.data.cause, looked.data.event]).toEqual(['person_disclosed', '核对银行回单', paid.event_id])
  await expect(finance.getByRole('button', { name: '访问记录' })).toHaveCount(0)

  // Leaving the page before it has asked would leave nothing to keep.
  const auditor = await pageOf(browser, 'demo-auditor', '/projects')
  const read = auditor.waitForResponse((answer) => new URL(answer.url()).pathname === '/v1/projects/TLF-2024-002' && answer.ok())
  await auditor.goto(guarded('/projects/TLF-2024-002'))
  await read
  await auditor.goto(guarded('/audit?show=reads'))
  await expect(auditor.locator('tbody tr', { hasText: 'demo-auditor' }).first()).toBeVisible()
  await expect(auditor.locator('tbody tr', { hasText: '/v1/projects/TLF-2024-002' }).first()).toBeVisible()
  await finance.context().close()
  await auditor.context().close()
})
