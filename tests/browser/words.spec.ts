// No text without a translation: every rule's manual and what every kind of warning rests on, in Chinese and in English.

import { expect, test, type Locator, type Page } from '@playwright/test'
import { ask, open, url } from './pages'

/** Latin words in what is read, but for codes (with digits or in capitals), names of settings and what people typed. */
async function latinWords(part: Locator): Promise<string[]> {
  const text = await part.evaluate((element) => {
    const copy = element.cloneNode(true) as HTMLElement
    for (const typed of copy.querySelectorAll('code, pre, .events, input, [data-hash]')) typed.remove()
    return copy.textContent ?? ''
  })
  const words = text.match(/[\w.\-/]*[A-Za-z][\w.\-/]*/g) ?? []
  return words.filter((word) => !/\d/.test(word) && /[a-z]{2}/.test(word))
}

async function switchTo(page: Page, from: string, language: string): Promise<void> {
  await page.getByLabel(from).selectOption(language)
}

test('each rule has its manual in both languages, and a switch needs no reload', async ({ page }) => {
  test.setTimeout(240_000)
  const { items } = await (await fetch(url('/v1/rules'))).json()
  expect(items).toHaveLength(40)
  for (const { name } of items) {
    await open(page, `/rules/${name}`)
    const manual = page.locator('.manual')
    await expect(manual.locator('h3').first()).toHaveText('发现什么')
    expect(await latinWords(manual), name).toEqual([])
  }
  await page.evaluate(() => ((window as any).wasNotReloaded = true))
  await switchTo(page, '语言', 'en')
  await expect(page.locator('.manual h3').first()).toHaveText('What it finds')
  expect(await page.evaluate(() => (window as any).wasNotReloaded)).toBe(true)
})

test('a warning of each kind says why in both languages', async ({ page }) => {
  test.setTimeout(240_000)
  const { items } = await ask('/warnings?state=all&limit=200')
  const ofEach = new Map<string, { id: string; rule: string }>(items.map((warning: { id: string; rule: string }) => [warning.rule, warning]))
  expect(ofEach.size).toBeGreaterThan(15)
  for (const { id, rule } of ofEach.values()) {
    await open(page, `/warnings/${id}`)
    const why = page.locator('[data-why]')
    await expect(why).toContainText('依据')
    expect(await latinWords(why), rule).toEqual([])
    await expect(page.locator('main')).not.toContainText('domain.md')
  }
  await switchTo(page, '语言', 'en')
  await expect(page.locator('[data-why]')).toContainText('Rests on')
})
