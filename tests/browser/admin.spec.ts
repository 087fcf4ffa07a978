// Administration: accounts of people, keys of programs, what each role may do, and how the service is.

import { expect, test } from '@playwright/test'
import { guarded, pageOf } from './guarded'
import { graveFindings } from './pages'

const UNIT = 'DEMO65040020240005'
const PROJECT = 'TLF-2024-005'
const PASSWORD = 'nine quiet shafts'

test.beforeEach(() => test.skip(!process.env.KAREZ_GUARDED_URL, 'the server under test is another’s'))

test('an administrator makes an account, its owner signs in, and it is disabled and readmitted', async ({ browser }) => {
  const admin = await pageOf(browser, 'demo-admin', '/admin')
  await admin.getByRole('button', { name: '新建用户' }).click()
  const dialog = admin.getByRole('dialog')
  await dialog.locator('[name=name]').fill('demo-unit')
  await dialog.locator('[name=role]').selectOption('unit')
  await dialog.locator('[name=unit]').fill(UNIT)
  await dialog.getByRole('button', { name: '新建用户' }).click()
  await expect(dialog.locator('.field.wrong')).toContainText('已存在')
  await expect(dialog.locator('[name=unit]')).toHaveValue(UNIT)
  await dialog.locator('[name=name]').fill('li.wei')
  await dialog.getByRole('button', { name: '新建用户' }).click()
  await expect(admin.getByText('已建立账户 li.wei')).toBeVisible()
  const first = await admin.locator('[name=secret]').inputValue()
  await admin.getByRole('button', { name: '已保存，关闭' }).click()
  await expect(admin.locator('[name=secret]')).toHaveCount(0)

  const theirs = await (await browser.newContext({ locale: 'zh-CN' })).newPage()
  await theirs.goto(guarded('/warnings'))
  const signIn = theirs.getByRole('dialog')
  await signIn.locator('[name=name]').fill('li.wei')
  await signIn.locator('[name=password]').fill(first)
  await signIn.getByRole('button', { name: '登录' }).click()
  await signIn.locator('[name=new_password]').fill(PASSWORD)
  await signIn.getByRole('button', { name: '修改密码' }).click()
  await expect(theirs.locator('main h1')).toHaveText('预警')
  await expect(theirs.getByText('li.wei（承担单位）')).toBeVisible()

  const row = admin.locator('[data-user="li.wei"]')
  await row.getByRole('button', { name: '停用' }).click()
  await admin.getByRole('dialog').getByRole('button', { name: '停用' }).click()
  await expect(row).toContainText('已停用')
  expect((await theirs.request.get(guarded('/v1/overview'))).status()).toBe(401)
  await row.getByRole('button', { name: '恢复并重置密码' }).click()
  await admin.getByRole('dialog').getByRole('button', { name: '恢复并重置密码' }).click()
  await expect(row).toContainText('待改初始密码')
  await expect(admin.locator('[data-user="demo-admin"] button')).toHaveCount(0)
  await admin.getByRole('button', { name: '变更记录' }).click()
  await expect(admin.locator('tbody tr', { hasText: 'li.wei' })).toHaveCount(4)
  await theirs.context().close()
  await admin.context().close()
})

test('an administrator changes the role of an account, and is told of a unit that no record names', async ({ browser }) => {
  const admin = await pageOf(browser, 'demo-admin', '/admin')
  const dialog = admin.getByRole('dialog')
  await admin.getByRole('button', { name: '新建用户' }).click()
  await dialog.locator('[name=name]').fill('zhao.min')
  await dialog.getByRole('button', { name: '新建用户' }).click()
  await admin.getByRole('button', { name: '已保存，关闭' }).click()
  const row = admin.locator('[data-user="zhao.min"]')
  await expect(row).toContainText('财务')
  await row.getByRole('button', { name: '变更角色' }).click()
  await expect(dialog.locator('[name=role]')).toHaveValue('finance')
  await dialog.locator('[name=role]').selectOption('unit')
  await dialog.getByRole('button', { name: '变更角色' }).click()
  await expect(dialog.getByRole('alert')).toHaveText('此项必填')
  await dialog.locator('[name=unit]').fill('DEMO-NEW-UNIT')
  await dialog.getByRole('button', { name: '变更角色' }).click()
  await expect(row).toContainText('承担单位')
  await expect(row).toContainText('DEMO-NEW-UNIT')
  await expect(admin.locator('.notice')).toContainText('账本中还没有单位 DEMO-NEW-UNIT 的记录')
  expect.soft(await graveFindings(admin), 'axe, with a notice').toEqual([])
  await row.getByRole('button', { name: '变更角色' }).click()
  await dialog.locator('[name=role]').selectOption('auditor')
  await dialog.getByRole('button', { name: '变更角色' }).click()
  await expect(admin.getByText('zhao.min 的角色已变更为审计')).toBeVisible()
  await expect(admin.locator('.notice')).toHaveCount(0)
  await admin.getByRole('button', { name: '变更记录' }).click()
  await expect(admin.locator('tbody tr', { hasText: 'zhao.min' }).filter({ hasText: '变更角色' })).toHaveCount(2)
  await admin.context().close()
})

test('an administrator makes a key, a program posts with it, and it is rotated and revoked', async ({ browser, playwright }) => {
  const admin = await pageOf(browser, 'demo-admin', '/admin?show=keys')
  await admin.getByRole('button', { name: '新建密钥' }).click()
  const dialog = admin.getByRole('dialog')
  await dialog.locator('[name=label]').fill('erp-5')
  await dialog.locator('[name=unit]').fill(UNIT)
  await dialog.locator('[name=expires_on]').fill('2020-01-01')
  await dialog.getByRole('button', { name: '新建密钥' }).click()
  await expect(dialog.locator('.field.wrong [name=expires_on]')).toBeVisible()
  await dialog.locator('[name=expires_on]').fill('')
  await dialog.getByRole('button', { name: '新建密钥' }).click()
  const secret = await admin.locator('[name=secret]').inputValue()
  await admin.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await admin.getByRole('button', { name: '复制' }).click()
  await expect(admin.getByRole('status').filter({ hasText: /已复制/ })).toBeVisible()
  expect(await admin.evaluate(() => navigator.clipboard.readText())).toBe(secret)

  const program = await playwright.request.newContext()
  const post = (key: string, voucher: string) =>
    program.post(guarded(`/v1/projects/${PROJECT}/expenditures`), { headers: { authorization: `Bearer ${key}`, 'idempotency-key': voucher }, data: { occurred_on: '2025-03-01', amount: '1.00', voucher_no: voucher } })
  const answered = await post(secret, 'erp-0001')
  expect(answered.status(), await answered.text()).toBe(201)
  await admin.reload()
  const row = admin.locator('[data-key="erp-5"]').first()
  await expect(row).not.toContainText('从未使用')

  await row.getByRole('button', { name: '轮换' }).click()
  await admin.getByRole('dialog').locator('[name=overlap_hours]').fill('0')
  await admin.getByRole('dialog').getByRole('button', { name: '轮换' }).click()
  const next = await admin.locator('[name=secret]').inputValue()
  expect((await post(secret, 'erp-0002')).status()).toBe(401)
  expect((await post(next, 'erp-0002')).status()).toBe(201)
  await admin.locator('[data-key="erp-5"]', { hasText: '有效' }).getByRole('button', { name: '撤销' }).click()
  await admin.getByRole('dialog').getByRole('button', { name: '撤销' }).click()
  await expect(admin.getByText('已撤销 erp-5')).toBeVisible()
  expect((await post(next, 'erp-0003')).status()).toBe(401)
  await program.dispose()
  await admin.context().close()
})

test('the printed table of roles is what each role is told', async ({ browser }) => {
  const admin = await pageOf(browser, 'demo-admin', '/admin?show=roles')
  for (const role of ['finance', 'unit', 'auditor', 'supervisor', 'admin']) {
    const page = role === 'admin' ? admin : await pageOf(browser, `demo-${role}`, '/')
    const { may } = await (await page.request.get(guarded('/v1/session'))).json()
    const shown = await admin.locator(`td[data-role=${role}]:not(.soft)`).evaluateAll((cells) => cells.map((cell) => cell.parentElement!.dataset.action))
    expect([...shown].sort(), role).toEqual([...may].sort())
    if (page !== admin) await page.context().close()
  }
  await admin.context().close()
})

test('each part is for whom it concerns, can be read by everybody and fits a phone', async ({ browser }) => {
  const admin = await pageOf(browser, 'demo-admin', '/admin')
  for (const part of ['users', 'keys', 'roles', 'publications', 'changes', 'system']) {
    await admin.setViewportSize({ width: 1440, height: 900 })
    await admin.goto(guarded(`/admin?show=${part}`))
    await expect(admin.locator('main h2').first()).toBeVisible()
    await expect(admin.locator('main [role=status]', { hasText: '正在读取' })).toHaveCount(0)
    for (const theme of ['light', 'dark']) {
      await admin.getByLabel('主题').selectOption(theme)
      expect.soft(await graveFindings(admin), `${part}, ${theme}`).toEqual([])
    }
    await admin.setViewportSize({ width: 390, height: 844 })
    expect.soft(await admin.evaluate(() => document.documentElement.scrollWidth), part).toBeLessThanOrEqual(390)
  }
  await expect(admin.getByText('SQLite')).toBeVisible()
  const auditor = await pageOf(browser, 'demo-auditor', '/admin?show=users')
  await expect(auditor.getByRole('button', { name: '用户', exact: true })).toHaveCount(0)
  await expect(auditor.getByRole('button', { name: '变更记录' })).toBeVisible()
  await auditor.context().close()
  await admin.context().close()
})
