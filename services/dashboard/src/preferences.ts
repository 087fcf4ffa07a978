// What a reader chose: language, unit and theme, kept in this browser.

import { ref, watchEffect, type Ref } from 'vue'
import { UNITS, type Unit } from './money'

function kept<T extends string>(name: string, first: T, allowed: readonly T[]): Ref<T> {
  const found = read(name)
  const chosen = ref(allowed.find((value) => value === found) ?? first) as Ref<T>
  watchEffect(() => write(name, chosen.value))
  return chosen
}

// A browser may refuse to keep anything; the choice then lasts as long as the page.
function read(name: string): string | null {
  try {
    return localStorage.getItem(`karez.${name}`)
  } catch {
    return null
  }
}

function write(name: string, value: string): void {
  try {
    localStorage.setItem(`karez.${name}`, value)
  } catch {
    // see above
  }
}

export const LANGUAGES = ['zh', 'en'] as const
export type Language = (typeof LANGUAGES)[number]
export const THEMES = ['auto', 'light', 'dark'] as const

export const language = kept('language', 'zh', LANGUAGES)
export const unit = kept<Unit>('unit', 'wan', Object.keys(UNITS) as Unit[])
export const theme = kept('theme', 'auto', THEMES)

const prefersDark = matchMedia('(prefers-color-scheme: dark)')
const systemIsDark = ref(prefersDark.matches)
prefersDark.addEventListener('change', (change) => (systemIsDark.value = change.matches))

export const isDark = ref(false)
watchEffect(() => {
  isDark.value = theme.value === 'dark' || (theme.value === 'auto' && systemIsDark.value)
  document.documentElement.classList.toggle('dark', isDark.value)
})
watchEffect(() => {
  document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en'
})
