// `make screenshots`: every page in both languages, on a desk and on a phone, light and dark; and what is seen less often:
// drafts, secrets, dialogs, nothing found, nothing reached.

import { expect, test, type Browser, type Page } from '@playwright/test'
import { enter, guarded } from './guarded'
import { ask, at, drawn, open, PAGES, prefer, url } from './pages'

const SIZES = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } }
const FOLDER = process.env.SCREENSHOTS ?? '../../target/screenshots'
/** As high as they are; of the others a screenful says enough. */
const WHOLE = ['project', 'overview', 'rule', 'check']
const LANGUAGES = ['zh', 'en'] as const

for (const language of LANGUAGES) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const [name, path] of Object.entries(PAGES)) {
      test(`${name} ${language} ${size} @pictures`, async ({ page }) => {
        await page.setViewportSize(viewport)
        await prefer(page, { language, theme: 'light' })
        await open(page, path)
        await drawn(page)
        await page.screenshot({ path: `${FOLDER}/${name}-${language}-${size}.png`, fullPage: size === 'phone' || WHOLE.includes(name) })
      })
    }
  }
}

for (const [name, path] of Object.entries(PAGES)) {
  test(`${name} dark @pictures`, async ({ page }) => {
    await prefer(page, { theme: 'dark' })
    await open(page, path)
    await drawn(page)
    await page.screenshot({ path: `${FOLDER}/${name}-dark.png`, fullPage: WHOLE.includes(name) })
  })
}

/** Somebody's page in each language and size. */
async function asSeenBy(browser: Browser, who: string, name: string, path: string, act: (page: Page) => Promise<void> = async () => {}): Promise<void> {
  for (const language of LANGUAGES) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      const context = await browser.newContext({ viewport, locale: 'zh-CN' })
      const page = await context.newPage()
      await prefer(page, { language, theme: size === 'phone' ? 'dark' : 'light' })
      if (who) await enter(page, who)
      await page.goto(guarded(path))
      if (who) await expect(page.locator('main h1')).toBeVisible()
      await expect(page.locator('main [role=status]', { hasText: /正在读取|Reading/ })).toHaveCount(0)
      await act(page)
      await page.screenshot({ path: `${FOLDER}/${name}-${language}-${size}.png`, fullPage: true })
      await context.close()
    }
  }
}

test('signing in @pictures', ({ browser }) => asSeenBy(browser, '', 'sign-in', '/', (page) => expect(page.getByRole('dialog')).toBeVisible()))

test('a draft of thresholds, back-tested @pictures', async ({ browser }) => {
  test.setTimeout(300_000)
  await asSeenBy(browser, 'demo-finance', 'draft', '/rules/idle_funds', async (page) => {
    await page.locator('[name="levels.blue"]').fill('60')
    await page.locator('[name=suspended_days]').fill('many')
    await page.locator('[name=suspended_days]').fill('90')
    await page.locator('[name=backtest_to]').fill('2024-12-31')
    await page.locator('.backtest button').click()
    await expect(page.locator('[data-count=gained]')).toBeVisible({ timeout: 60_000 })
  })
})

test('words, tables and a rule switched off @pictures', ({ browser }) =>
  asSeenBy(browser, 'demo-finance', 'tables', '/rules/indirect_cost_cap', async (page) => {
    await page.locator('[name=tables]').fill('[[rules.indirect_cost_cap.charts]]\nbase = 1\n')
    await page.locator('[name=isOn]').uncheck()
    await page.locator('.backtest button').click()
    await expect(page.locator('.tables [role=alert]')).toBeVisible()
  }))

test('a rule of the office’s own that is wrong @pictures', ({ browser }) =>
  asSeenBy(browser, 'demo-finance', 'own-rule', '/rules', async (page) => {
    await page.locator('.own-rule summary').click()
    await page.locator('.own-rule button').nth(1).click()
    const rule = page.locator('[name=own_rule]')
    await rule.fill((await rule.inputValue()).replace('累计支出 >= 5万', '累计支出额 >= 5万'))
    await page.locator('.own-rule button').first().click()
    await expect(page.locator('.own-rule [role=alert]')).toBeVisible()
  }))

test('proposals, one open and one withdrawn @pictures', async ({ browser }) => {
  const context = await browser.newContext()
  const page = await context.newPage()
  await enter(page, 'demo-supervisor')
  const post = async (path: string, key: string, data: object) => (await page.request.post(guarded(path), { headers: { 'x-karez-request': '1', 'idempotency-key': key }, data })).json()
  const first = await post('/v1/rules/proposals', 'pictures/1', { rules: '[rules.execution_lag]\nleast_budget = "200000"\n', reason: '小额项目不必提示' })
  await post(`/v1/rules/proposals/${first.event_id}/withdraw`, 'pictures/2', { cause: '另行研究' })
  await post('/v1/rules/proposals', 'pictures/3', { rules: '[rules.idle_funds]\nsuspended_days = 90\n[programmes."重大专项".rules.idle_funds]\nleast_amount = "50000"\n', reason: '暂停三个月的项目资金应当提示，重大专项金额起点相应提高' })
  await context.close()
  await asSeenBy(browser, 'demo-finance', 'proposals', '/rules', (page) => expect(page.locator('.proposal tbody tr').first()).toBeVisible())
})

for (const part of ['users', 'keys', 'roles', 'publications', 'changes', 'system'] as const) {
  test(`administration, ${part} @pictures`, ({ browser }) => asSeenBy(browser, 'demo-admin', `admin-${part}`, `/admin?show=${part}`))
}

test('a key that is shown once @pictures', async ({ browser }) => {
  let count = 0
  await asSeenBy(browser, 'demo-admin', 'key-shown', '/admin?show=keys', async (page) => {
    await page.locator('main .head button').first().click()
    await page.getByRole('dialog').locator('[name=label]').fill(`erp-${(count += 1)}`)
    await page.getByRole('dialog').locator('[name=role]').selectOption('finance')
    await page.getByRole('dialog').locator('button[type=submit]').click()
    await expect(page.locator('[name=secret]')).toBeVisible()
  })
})

test('an account that gets another role, and a unit that no record names @pictures', async ({ browser }) => {
  let count = 0
  await asSeenBy(browser, 'demo-admin', 'role-changed', '/admin', async (page) => {
    await page.request.post(guarded('/v1/users'), { headers: { 'x-karez-request': '1' }, data: { name: `picture-${(count += 1)}`, role: 'finance' } })
    await page.reload()
    const dialog = page.getByRole('dialog')
    await page.locator(`[data-user="picture-${count}"] button`).first().click()
    await dialog.locator('[name=role]').selectOption('unit')
    await dialog.locator('[name=unit]').fill('DEMO-NEW-UNIT')
    await page.screenshot({ path: `${FOLDER}/change-role-${count}.png` })
    await dialog.locator('button[type=submit]').click()
    await expect(page.locator('.notice')).toBeVisible()
  })
})

test('a dialog that is refused @pictures', ({ browser }) =>
  asSeenBy(browser, 'demo-admin', 'refused', '/admin', async (page) => {
    await page.locator('main .head button').first().click()
    await page.getByRole('dialog').locator('[name=name]').fill('demo-unit')
    await page.getByRole('dialog').locator('button[type=submit]').click()
    await expect(page.getByRole('dialog').getByRole('alert')).toBeVisible()
  }))

test('the log that was checked, and what an auditor read @pictures', async ({ browser }) => {
  await asSeenBy(browser, 'demo-auditor', 'checked', '/audit?show=check', async (page) => {
    await page.locator('main .card button').first().click()
    await expect(page.getByText(/账本完整|log is intact/)).toBeVisible({ timeout: 60_000 })
  })
  await asSeenBy(browser, 'demo-auditor', 'reads', '/audit?show=reads')
})

test('a payee who is shown @pictures', async ({ browser }) => {
  const { items } = await ask('/projects/TLF-2024-002/events?limit=1000')
  const paid = items.find((event: { data: { payee?: object } }) => event.data.payee)
  await asSeenBy(browser, 'demo-finance', 'payee', `/audit?before=${paid.position + 1}`, async (page) => {
    const event = page.locator('.events details').first()
    await event.locator('summary').click()
    await event.getByRole('button', { name: /查看收款人|Show the payee/ }).click()
    await page.getByRole('dialog').locator('[name=cause]').fill('核对银行回单')
    await page.getByRole('dialog').locator('button[type=submit]').click()
    await expect(event.locator('[data-payee]')).toBeVisible()
  })
})

test('why a warning was raised @pictures', async ({ browser }) => {
  const { items } = await ask('/warnings?limit=1')
  await asSeenBy(browser, 'demo-finance', 'warning', `/warnings/${items[0].id}`)
})

test('why warnings of each kind were raised @pictures', async ({ page }) => {
  test.setTimeout(120_000)
  const { items } = await ask('/warnings?state=all&limit=200')
  const ofEach = new Map<string, string>(items.map((warning: { id: string; rule: string }) => [warning.rule, warning.id]))
  for (const [rule, id] of ofEach) {
    await open(page, `/warnings/${id}`)
    await page.screenshot({ path: `${FOLDER}/why-${rule}.png`, fullPage: true })
  }
})

const EMPTY = { 'no-projects': '/projects?state=closed&unit=nobody', 'no-project': '/projects/NOT-THERE', 'no-page': '/nothing/here', 'no-warnings': '/warnings?rule=not_there' }
for (const [name, path] of Object.entries(EMPTY)) {
  test(`${name} @pictures`, async ({ page }) => {
    await prefer(page, { theme: 'light' })
    await page.goto(at(path))
    await expect(page.locator('main h1')).toBeVisible()
    await expect(page.locator('main [role=status]', { hasText: '正在读取' })).toHaveCount(0)
    await page.screenshot({ path: `${FOLDER}/${name}.png` })
  })
}

test('nothing reached @pictures', async ({ page }) => {
  await page.setViewportSize(SIZES.phone)
  await prefer(page, { theme: 'light' })
  await page.route('**/v1/**', (route) => route.abort())
  for (const [name, path] of Object.entries({ overview: '/', warnings: '/warnings', admin: '/admin', check: '/audit?show=check' })) {
    await page.goto(url(path))
    await expect(page.getByRole('alert').first()).toBeVisible()
    await page.screenshot({ path: `${FOLDER}/lost-${name}.png` })
  }
})
