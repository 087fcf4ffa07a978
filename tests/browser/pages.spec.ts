// Every page: opens without an error, asks nobody else for anything, fits a phone, can be read by everybody.

import { expect, test, type Page } from '@playwright/test'
import { at, drawn, graveFindings, has, LARGEST_SCRIPT_BYTES, open, PAGES, prefer, scriptBytes, url, watchErrors } from './pages'

const width = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth)

for (const [name, path] of Object.entries(PAGES)) {
  test(`${name} opens cleanly, for everybody, in both languages, on a phone`, async ({ page }) => {
    test.setTimeout(180_000)
    const errors = watchErrors(page)
    const strangers: string[] = []
    page.on('request', (request) => {
      if (!request.url().startsWith(url('/')) && !/^(data|blob):/.test(request.url())) strangers.push(request.url())
    })
    await prefer(page, { theme: 'light' })
    await open(page, path)
    await drawn(page)
    expect.soft(await graveFindings(page), 'axe, light').toEqual([])
    await page.getByLabel('主题').selectOption('dark')
    expect.soft(await graveFindings(page), 'axe, dark').toEqual([])
    await page.setViewportSize({ width: 390, height: 844 })
    expect.soft(await width(page), 'width in Chinese').toBeLessThanOrEqual(390)
    await page.getByLabel('语言').selectOption('en')
    await expect(page.locator('html')).toHaveAttribute('lang', 'en')
    expect.soft(await width(page), 'width in English').toBeLessThanOrEqual(390)
    // Names, titles and purposes are others' words; what is around them is ours.
    const ours = await page.locator('h1, h2, th, label > span, button, nav a, dt').allInnerTexts()
    expect.soft(ours.filter((text) => /[\u4e00-\u9fff]/.test(text) && !/演示/.test(text)), 'left in Chinese').toEqual([])
    expect(errors).toEqual([])
    expect(strangers).toEqual([])
  })
}

test('the overview loads less script than it may', async ({ page }) => {
  const bytes = await scriptBytes(page, async () => {
    await open(page, '/')
    await drawn(page)
  })
  expect(bytes).toBeLessThan(LARGEST_SCRIPT_BYTES)
})

test('a page that is not there says so and leads back', async ({ page }) => {
  await page.goto(url('/nothing/here'))
  await expect(page.locator('h1')).toHaveText('没有这个页面')
  await page.getByRole('link', { name: '回到总览' }).click()
  await expect(page.locator('h1')).toHaveText('总览')
})

test('files are held by the browser and the page is asked for anew', async ({ request }) => {
  const page = await request.get(url('/'), { headers: { accept: 'text/html' } })
  expect(page.headers()['content-security-policy']).toContain("default-src 'self'")
  expect(page.headers()['cache-control']).toBe('no-cache')
  const held = await request.get(url('/'), { headers: { accept: 'text/html', 'if-none-match': page.headers().etag! } })
  expect(held.status()).toBe(304)
  const script = /src="(\/assets\/[^"]+)"/.exec(await page.text())![1]!
  expect((await request.get(url(script))).headers()['cache-control']).toContain('immutable')
})

test('what the server does not offer yet is said in plain words', async ({ page }) => {
  test.skip(await has('/v1/rules'), 'this server has rules')
  await page.goto(at('/rules'))
  await expect(page.getByRole('alert')).toContainText('服务端尚未提供此接口')
})
