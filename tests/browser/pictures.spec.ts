// `make screenshots`: every page in both languages, on a desk and on a phone, light and dark.

import { test } from '@playwright/test'
import { drawn, open, PAGES, prefer } from './pages'

const SIZES = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } }
const FOLDER = process.env.SCREENSHOTS ?? '../../target/screenshots'

for (const language of ['zh', 'en']) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const [name, path] of Object.entries(PAGES)) {
      test(`${name} ${language} ${size} @pictures`, async ({ page }) => {
        await page.setViewportSize(viewport)
        await prefer(page, { language, theme: 'light' })
        await open(page, path)
        await drawn(page)
        await page.screenshot({ path: `${FOLDER}/${name}-${language}-${size}.png`, fullPage: size === 'phone' || name === 'project' || name === 'overview' })
      })
    }
  }
}

for (const name of ['overview', 'project', 'warnings'] as const) {
  test(`${name} dark @pictures`, async ({ page }) => {
    await prefer(page, { theme: 'dark' })
    await open(page, PAGES[name])
    await drawn(page)
    await page.screenshot({ path: `${FOLDER}/${name}-dark.png` })
  })
}
