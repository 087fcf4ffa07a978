// Signing in, what each role is offered, and what happens to work when a session ends.

import AxeBuilder from '@axe-core/playwright'
import { expect, test, type Page } from '@playwright/test'
import { PASSWORD, type Person } from './karez'

const PROJECT = 'TLF-2024-005'
const WRONG_THAT_LOCK = 5
const guarded = (path: string): string => `${process.env.KAREZ_GUARDED_URL}${path}`
const menu = (page: Page) => page.getByRole('navigation').getByRole('link')

async function signIn(page: Page, name: string, password: string): Promise<void> {
  const dialog = page.getByRole('dialog', { name: '登录' })
  await dialog.locator('[name=name]').fill(name)
  await dialog.locator('[name=password]').fill(password)
  await dialog.getByRole('button', { name: '登录' }).click()
}

async function openAs(page: Page, who: Person, path: string): Promise<void> {
  await page.goto(guarded(path))
  await signIn(page, who, PASSWORD)
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await expect(page.locator('main h1')).toBeVisible()
}

test('nothing is shown before somebody signs in, and the way in can be used by everybody', async ({ page }) => {
  await page.goto(guarded('/'))
  await expect(page.getByRole('dialog', { name: '登录' })).toBeVisible()
  await expect(page.locator('main')).toBeEmpty()
  await expect(page.getByRole('link', { name: /^通过/ })).toHaveCount(0)
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([])
})

test('the office’s directory is offered under its own name where there is one', async ({ page }) => {
  await page.route('**/v1/session/ways', (route) => route.fulfill({ json: { authentication: 'required', oidc: { label: '市财政统一认证', address: '/v1/session/oidc' } } }))
  await page.goto(guarded('/'))
  await expect(page.getByRole('link', { name: '通过市财政统一认证登录' })).toHaveAttribute('href', '/v1/session/oidc')
})

test('the first password is changed before anything else', async ({ page }) => {
  await page.goto(guarded('/'))
  await signIn(page, 'newcomer', process.env.KAREZ_FIRST_PASSWORD!)
  const dialog = page.getByRole('dialog', { name: '修改密码' })
  await expect(dialog).toContainText('首次登录须先修改密码')
  await expect(page.locator('main')).toBeEmpty()
  await dialog.locator('[name=password]').fill(process.env.KAREZ_FIRST_PASSWORD!)
  await dialog.locator('[name=new_password]').fill('short')
  await dialog.getByRole('button', { name: '修改密码' }).click()
  await expect(dialog.getByRole('alert')).toBeVisible()
  await dialog.locator('[name=new_password]').fill('a well deep enough')
  await dialog.getByRole('button', { name: '修改密码' }).click()
  await expect(page.locator('main h1')).toHaveText('总览')
})

test('wrong passwords lock an account for a while, and the page says what to do', async ({ page }) => {
  await page.goto(guarded('/'))
  for (let tries = 0; tries < WRONG_THAT_LOCK; tries += 1) {
    const refused = page.waitForResponse((response) => response.url().endsWith('/v1/session') && response.request().method() === 'POST')
    await signIn(page, 'locked', 'not the password')
    expect((await refused).ok()).toBe(false)
  }
  await signIn(page, 'locked', PASSWORD)
  const alert = page.getByRole('dialog').getByRole('alert')
  await expect(alert).toContainText('锁定')
  await expect(alert).toContainText('管理员')
  await expect(page.locator('main')).toBeEmpty()
})

const OFFERED = {
  finance: ['总览', '项目', '专项资金', '承担单位', '预警', '规则', '填报支出', '审计', '回溯对比'],
  supervisor: ['总览', '项目', '专项资金', '承担单位', '预警', '规则', '审计', '回溯对比'],
  auditor: ['总览', '项目', '专项资金', '承担单位', '预警', '规则', '审计', '回溯对比', '系统管理'],
  unit: ['总览', '项目', '承担单位', '预警', '规则', '填报支出', '审计', '回溯对比'],
} as const
for (const who of Object.keys(OFFERED) as (keyof typeof OFFERED)[]) {
  test(`${who} is offered the pages and acts of the role, and no others`, async ({ page }) => {
    await openAs(page, who, '/warnings')
    await expect(menu(page)).toHaveText([...OFFERED[who]])
    const card = page.locator('article.warning').first()
    await expect(card).toBeVisible()
    const [handles, answers] = [card.getByRole('button', { name: '误报' }), card.getByRole('button', { name: '核查意见' })]
    await expect(handles).toHaveCount(who === 'finance' || who === 'supervisor' ? 1 : 0)
    await expect(answers).toHaveCount(who === 'auditor' ? 0 : 1)
    const told = await page.request.get(guarded('/v1/warnings?limit=1'))
    const { total } = (await told.json()) as { total: number }
    await expect(page.getByText(`${total} 条`, { exact: true }).first()).toBeVisible()
  })
}

test('a session that ends over a form leaves what was typed, and the form is sent afterwards', async ({ page, context }) => {
  await openAs(page, 'unit', `/post?project=${PROJECT}`)
  await page.locator('[name=occurred_on]').fill('2025-03-01')
  await page.locator('[name=occurred_on]').press('Enter')
  await page.locator('[name=amount]').fill('321.00')
  await page.locator('[name=voucher_no]').fill('过期-0001')
  await context.clearCookies()
  await page.getByRole('button', { name: '提交入账' }).click()
  const dialog = page.getByRole('dialog', { name: '登录' })
  await expect(dialog).toContainText('登录已过期')
  await expect(page.locator('[name=amount]')).toHaveValue('321.00')
  await dialog.locator('[name=password]').fill(PASSWORD)
  await dialog.getByRole('button', { name: '登录' }).click()
  await expect(dialog).toHaveCount(0)
  await expect(page.getByText('未予入账')).toHaveCount(0)
  await page.getByRole('button', { name: '提交入账' }).click()
  await expect(page.getByRole('heading', { name: '✓ 已入账' })).toBeVisible()
})

test('who signs out leaves nothing on the screen, and the next person has no draft of theirs', async ({ page }) => {
  await openAs(page, 'unit', `/post?project=${PROJECT}`)
  await page.locator('[name=purpose]').fill('试剂')
  await page.reload()
  await expect(page.locator('[name=purpose]')).toHaveValue('试剂')
  await page.getByRole('button', { name: '退出' }).click()
  await expect(page.locator('main')).toBeEmpty()
  await signIn(page, 'finance', PASSWORD)
  await expect(page.locator('[name=purpose]')).toHaveValue('')
})
