// One question to the API that follows the address: asked again when it changes or when a reader asks for what is new.

import { onScopeDispose, shallowRef, watch, ref, type Ref, type ShallowRef } from 'vue'
import { ask, Problem, type List } from './api'
import { moved, refreshed } from './live'
import { language } from './preferences'

export interface Answer<T> {
  data: ShallowRef<T | undefined>
  problem: ShallowRef<Problem | undefined>
  isLoading: Ref<boolean>
  reload: () => void
}

/** Asks what `path` says; nothing while it says nothing. What is shown stays until the next answer is there. */
export function useAnswer<T>(path: () => string | undefined): Answer<T> {
  return useAsked(path, (url, signal) => ask<T>(url, { signal }))
}

/** The same for figures that keep their place: they follow what is recorded by themselves. */
export function useLiveAnswer<T>(path: () => string | undefined): Answer<T> {
  const answer = useAnswer<T>(path)
  watch(moved, answer.reload)
  return answer
}

/** The same for a whole list, page after page. All pages stand at one position of the log. */
export function useWholeList<T>(path: () => string | undefined): Answer<List<T>> {
  return useAsked(path, async (url, signal) => {
    const first = await ask<List<T>>(url, { signal })
    const items = [...first.items]
    let cursor = first.next_cursor
    while (cursor) {
      const next = await ask<List<T>>(`${url}${url.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}`, { signal })
      items.push(...next.items)
      cursor = next.next_cursor
    }
    return { ...first, items, next_cursor: null }
  })
}

export function useAsked<T>(
  path: () => string | undefined,
  fetchAt: (url: string, signal: AbortSignal) => Promise<T>,
): Answer<T> {
  const data = shallowRef<T>()
  const problem = shallowRef<Problem>()
  const isLoading = ref(false)
  let running: AbortController | undefined
  let shown: string | undefined

  async function load(): Promise<void> {
    running?.abort()
    const url = path()
    if (url === undefined) return
    const mine = new AbortController()
    running = mine
    isLoading.value = true
    try {
      const found = await fetchAt(url, mine.signal)
      if (mine.signal.aborted) return
      data.value = found
      problem.value = undefined
      shown = url
    } catch (error) {
      if (mine.signal.aborted) return
      problem.value = error instanceof Problem ? error : new Problem(500, 'internal', String(error))
      // What belongs to another address must not stay under this one.
      if (shown !== url) data.value = undefined
    } finally {
      if (running === mine) isLoading.value = false
    }
  }

  watch([path, refreshed], () => void load())
  // Only refusals are worded by the server.
  watch(language, () => problem.value && void load())
  void load()
  onScopeDispose(() => running?.abort())
  return { data, problem, isLoading, reload: () => void load() }
}
