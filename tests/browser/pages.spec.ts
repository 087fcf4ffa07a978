// Every page: opens without an error, asks nobody else for anything, fits a phone, can be read by everybody.

import AxeBuilder from '@axe-core/playwright'
import { expect, test } from '@playwright/test'
import { gzipSync } from 'node:zlib'
import { at, drawn, has, open, PAGES, prefer, url, watchErrors } from './pages'

const LARGEST_SCRIPT_BYTES = 400_000

for (const [name, path] of Object.entries(PAGES)) {
  test(`${name} opens without errors and asks only karez`, async ({ page }) => {
    const errors = watchErrors(page)
    const strangers: string[] = []
    page.on('request', (request) => {
      if (!request.url().startsWith(url('/')) && !/^(data|blob):/.test(request.url())) strangers.push(request.url())
    })
    await open(page, path)
    await drawn(page)
    expect(errors).toEqual([])
    expect(strangers).toEqual([])
  })

  for (const theme of ['light', 'dark']) {
    test(`${name} has no serious finding for those who read it otherwise, ${theme}`, async ({ page }) => {
      await prefer(page, { theme })
      await open(page, path)
      const { violations } = await new AxeBuilder({ page }).analyze()
      const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
      expect(grave.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join('\n')}`)).toEqual([])
    })
  }

  test(`${name} fits a phone in both languages`, async ({ page }) => {
    await page.setViewportSize({ width: 390, height: 844 })
    for (const language of ['zh', 'en']) {
      await prefer(page, { language })
      await open(page, path)
      const width = await page.evaluate(() => document.documentElement.scrollWidth)
      expect(width, language).toBeLessThanOrEqual(390)
    }
  })

  test(`${name} leaves no Chinese word in English`, async ({ page }) => {
    await prefer(page, { language: 'en' })
    await open(page, path)
    // Names, titles and purposes are others' words; what is around them is ours.
    const ours = await page.locator('h1, h2, th, label > span, button, nav a, dt').allInnerTexts()
    const titles = /演示|TLF-|中文/
    expect(ours.filter((text) => /[\u4e00-\u9fff]/.test(text) && !titles.test(text))).toEqual([])
  })
}

test('the overview loads less script than it may', async ({ page }) => {
  const scripts: Promise<number>[] = []
  page.on('response', (response) => {
    if (response.url().endsWith('.js')) scripts.push(response.body().then((body) => gzipSync(body).length))
  })
  await open(page, '/')
  await drawn(page)
  const bytes = (await Promise.all(scripts)).reduce((sum, each) => sum + each, 0)
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
