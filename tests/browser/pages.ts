// What the tests share: the pages, the moment at which the demo never changes, and how a page is opened.

import AxeBuilder from '@axe-core/playwright'
import { expect, type Page } from '@playwright/test'
import { gzipSync } from 'node:zlib'

/** Known then is what the demo tells; what the sentinel finds afterwards is not. */
export const MOMENT = 'as_of=2024-12-31&known_at=2025-03-21'

export const PAGES = {
  overview: '/',
  projects: '/projects',
  project: '/projects/TLF-2024-002',
  funds: '/funds',
  units: '/units',
  warnings: '/warnings',
  rules: '/rules',
  rule: '/rules/idle_funds',
  post: '/post',
  audit: '/audit',
  check: '/audit?show=check',
  reads: '/audit?show=reads',
  admin: '/admin',
  keys: '/admin?show=keys',
  system: '/admin?show=system',
  difference: '/difference?from_as_of=2024-06-30&from_known_at=2024-07-05',
} as const

export const url = (path: string): string => `${process.env.KAREZ_URL}${path}`
export const at = (path: string, query = MOMENT): string => url(`${path}${path.includes('?') ? '&' : '?'}${query}`)

export async function ask<T = any>(path: string, query = MOMENT): Promise<T> {
  const answered = await fetch(at(`/v1${path}`, query))
  expect(answered.ok, `${path} answers`).toBe(true)
  return (await answered.json()) as T
}

/** Whether this karez has an address; the dashboard says so in plain words where it has not. */
export async function has(path: string): Promise<boolean> {
  return (await fetch(url(path))).status !== 404
}

/** Errors of the page's own; an address that is not there is answered with words. */
export function watchErrors(page: Page): string[] {
  const found: string[] = []
  page.on('pageerror', (error) => found.push(String(error)))
  page.on('console', (message) => {
    const isAbsent = message.text().includes('404') && /\/v1\//.test(message.location().url)
    if (message.type() === 'error' && !isAbsent) found.push(`${message.text()} (${message.location().url})`)
  })
  return found
}

export async function prefer(page: Page, choices: Record<string, string>): Promise<void> {
  await page.addInitScript((chosen) => {
    for (const [name, value] of Object.entries(chosen)) localStorage.setItem(`karez.${name}`, value)
  }, choices)
}

export async function open(page: Page, path: string, query = MOMENT): Promise<void> {
  await page.goto(at(path, query))
  await expect(page.locator('main h1')).toBeVisible()
  await expect(page.locator('main [role=status]', { hasText: /正在读取|Reading/ })).toHaveCount(0)
}

export async function drawn(page: Page): Promise<void> {
  const charts = page.locator('figure [role=img]')
  for (const chart of await charts.all()) await expect(chart.locator('canvas')).toBeVisible()
}

/** What axe finds that keeps somebody from reading. */
export async function graveFindings(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  return grave.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join('\n')}`)
}

export const LARGEST_SCRIPT_BYTES = 400_000

/** What a page loads of script until `loaded`, as it goes over the wire. */
export async function scriptBytes(page: Page, loaded: () => Promise<void>): Promise<number> {
  const scripts: Promise<number>[] = []
  page.on('response', (response) => {
    if (response.url().endsWith('.js')) scripts.push(response.body().then((body) => gzipSync(body).length))
  })
  await loaded()
  return (await Promise.all(scripts)).reduce((sum, each) => sum + each, 0)
}
