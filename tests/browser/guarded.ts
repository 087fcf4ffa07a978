// The service that asks people to sign in, and the people of the demonstration and of the tests.

import { expect, type Browser, type Page } from '@playwright/test'
import { DEMO_PASSWORD, PASSWORD, PEOPLE } from './karez'

export const guarded = (path: string): string => `${process.env.KAREZ_GUARDED_URL}${path}`

/** Signs somebody in without the dialog; `demo-…` has the demonstration's password. */
export async function enter(page: Page, name: string, password = name in PEOPLE ? PASSWORD : DEMO_PASSWORD): Promise<void> {
  const answered = await page.request.post(guarded('/v1/session'), { data: { name, password }, headers: { 'x-karez-request': '1' } })
  expect(answered.status(), await answered.text()).toBe(200)
}

/** A page of somebody's own, so that two people can work in one test. */
export async function pageOf(browser: Browser, name: string, path: string): Promise<Page> {
  const context = await browser.newContext({ locale: 'zh-CN', viewport: { width: 1440, height: 900 } })
  const page = await context.newPage()
  await enter(page, name)
  await page.goto(guarded(path))
  await expect(page.locator('main h1')).toBeVisible()
  return page
}
