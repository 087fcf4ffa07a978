// Acts on warnings as a page begins and ends them.

import { ref } from 'vue'
import { ask, freshKey, Problem, type Receipt, type Warning } from './api'
import { bodyOf, isOneTap, type Act, type FieldName } from './acts'
import { fill, words } from './language'

export type Typed = Partial<Record<FieldName, string>>

/** Sends an act; however often it is sent under one key, it lands once. */
export function send(act: Act, warning: Warning, typed: Typed, key: string): Promise<Receipt> {
  return ask<Receipt>(`/v1/warnings/${encodeURIComponent(warning.id)}/${act.path}`, { method: 'POST', body: bodyOf(act, typed), key })
}

export function told(receipt: Receipt): string {
  const say = words.value.acts
  return fill(receipt.replayed ? say.replayed : say.done, { position: receipt.position })
}

export function whyNot(problem: Problem, path = '/v1/warnings'): string {
  if (problem.status === 401) return words.value.session.expired
  const say = words.value.state
  if (problem.isUnreachable) return say.unreachable
  return problem.isAbsent ? fill(say.absent, { path }) : problem.detail
}

/** What is being done on a page, and what came of it. */
export function useActing(reload: () => void) {
  const acting = ref<{ act: Act; warnings: Warning[] }>()
  const message = ref('')
  const trouble = ref('')

  async function begin(act: Act, warnings: Warning[]): Promise<void> {
    message.value = ''
    trouble.value = ''
    const [only, ...others] = warnings
    if (!only) return
    if (!isOneTap(act) || others.length) {
      acting.value = { act, warnings }
      return
    }
    try {
      done(told(await send(act, only, {}, freshKey())))
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      trouble.value = whyNot(error)
    }
  }

  function done(text: string): void {
    acting.value = undefined
    message.value = text
    reload()
  }

  return { acting, message, trouble, begin, done }
}
