// What is recorded while a page is read. News is counted and waits for a click: nothing moves under a reader's cursor.

import { ref, watch } from 'vue'
import { zh } from './words/zh'
import { isReachable } from './api'

export type Connection = 'connecting' | 'open' | 'polling' | 'lost' | 'pinned'

/** How often a lost service is looked for. */
const LOOK_AGAIN_MS = 3_000
const NOT_FOUND = 404
/** These say only that time has gone by; nobody waits for them. */
const OF_TIME = ['day_evaluated', 'clock_read']
export const isNews = (type: string): boolean => !OF_TIME.includes(type)

export const connection = ref<Connection>('connecting')
export const news = ref(0)
/** Grows when the reader asks for what is new. */
export const refreshed = ref(0)
/** Grows soon after something was recorded: figures that stay in their place follow it, lists do not. */
export const moved = ref(0)
/** Figures follow no faster than this. */
const FOLLOW_MS = 1_000
let following: ReturnType<typeof setTimeout> | undefined

let source: EventSource | undefined
let timer: ReturnType<typeof setTimeout> | undefined
let hasNoStream = false
/** Grows with each change of mind, so that an answer to an earlier question changes nothing. */
let turn = 0

export function takeNews(): void {
  news.value = 0
  refreshed.value += 1
}

/** Follows the log; at a moment that is pinned by what was known, there is nothing to follow. */
export function follow(isPinned: () => boolean): void {
  watch(isPinned, (pinned) => (pinned ? pin() : connect()), { immediate: true })
  watch(isReachable, (reachable) => {
    if (!reachable) lose()
  })
  addEventListener('offline', lose)
}

function pin(): void {
  close()
  news.value = 0
  connection.value = 'pinned'
}

function close(): void {
  turn += 1
  source?.close()
  source = undefined
  clearTimeout(timer)
}

function connect(): void {
  close()
  if (connection.value !== 'lost') connection.value = 'connecting'
  const mine = new EventSource('/v1/live')
  source = mine
  mine.onopen = () => {
    // While the connection was away, facts may have come in that nobody counted.
    if (connection.value === 'lost') news.value += 1
    connection.value = 'open'
    isReachable.value = true
  }
  mine.onerror = () => {
    if (source !== mine) return
    mine.close()
    void look()
  }
  for (const type of Object.keys(zh.events)) {
    if (isNews(type)) mine.addEventListener(type, hear)
  }
}

function hear(): void {
  news.value += 1
  following ??= setTimeout(() => {
    following = undefined
    moved.value += 1
  }, FOLLOW_MS)
}

function lose(): void {
  if (connection.value === 'pinned' || connection.value === 'lost') return
  close()
  connection.value = 'lost'
  timer = setTimeout(() => void look(), LOOK_AGAIN_MS)
}

/** Tells a service that is away from one that does not stream. */
async function look(): Promise<void> {
  clearTimeout(timer)
  const mine = turn
  try {
    const alive = await fetch('/healthz', { cache: 'no-store' })
    if (!alive.ok) throw new Error(alive.statusText)
    // A service that does not stream does not begin to while it runs; one that asks who is there may.
    if (!hasNoStream) {
      const streams = await fetch('/v1/live', { headers: { accept: 'text/event-stream' } })
      void streams.body?.cancel()
      if (mine !== turn) return
      hasNoStream = streams.status === NOT_FOUND
      if (streams.ok) {
        isReachable.value = true
        connect()
        return
      }
    }
    if (mine !== turn) return
    isReachable.value = true
    connection.value = 'polling'
  } catch {
    if (mine !== turn) return
    connection.value = 'lost'
    isReachable.value = false
  }
  timer = setTimeout(() => void look(), LOOK_AGAIN_MS)
}
