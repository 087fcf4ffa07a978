// What is typed and not sent yet, kept while the tab is open: it outlives a reload and a way through the office's directory.
// A tab and not the browser keeps it, since units share machines.

import { onScopeDispose, watch } from 'vue'
import { session } from './session'

function nameOf(form: string): string {
  return `karez.draft.${session.value?.name ?? ''}.${form}`
}

/** Fills `form` with what was typed before, and keeps what is typed from now on. Answers whether there was something. */
export function keepDraft(name: string, form: Record<string, string>): boolean {
  const key = nameOf(name)
  const found = read(key)
  for (const [field, value] of Object.entries(found)) {
    if (field in form && typeof value === 'string') form[field] = value
  }
  onScopeDispose(watch(() => JSON.stringify(form), (text) => write(key, text)))
  return Object.keys(found).length > 0
}

/** Forgets what was typed: it is in the log now. */
export function dropDraft(name: string): void {
  try {
    sessionStorage.removeItem(nameOf(name))
  } catch {
    // A browser may refuse to keep anything; there is nothing to forget then.
  }
}

function read(key: string): Record<string, unknown> {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? '{}') as Record<string, unknown>
  } catch {
    return {}
  }
}

function write(key: string, text: string): void {
  try {
    sessionStorage.setItem(key, text)
  } catch {
    // As above: the draft then lasts as long as the page.
  }
}
