// The newest events of the moment looked at. The API tells history from its beginning, so it is read backwards in steps.

import { ask, type List, type Recorded } from './api'
import { at } from './moment'

const FIRST_STEP = 200
/** The largest page of the API. */
const STEP = 1000
/** A business date long past may have all of the log's end after it; after so many steps a reader is asked whether to go on. */
const MOST_STEPS = 30

export interface Stretch {
  /** The newest first. */
  events: Recorded[]
  /** What lies before this position has not been looked at; 1 where everything was. */
  from: number
}

/** Up to `rows` events before a position, and how far back was read for them. */
export async function stretchBefore(
  before: number,
  rows: number,
  signal: AbortSignal,
  wanted: (event: Recorded) => boolean = () => true,
): Promise<Stretch> {
  let found: Recorded[] = []
  let end = before
  for (let step = 0; step < MOST_STEPS && end > 1 && found.length < rows; step += 1) {
    const span = step === 0 ? Math.max(FIRST_STEP, rows) : STEP
    const start = Math.max(0, end - 1 - span)
    const page = await ask<List<Recorded>>(at('/v1/events', { after: start, limit: Math.min(span, STEP) }), { signal })
    found = [...page.items.filter((event) => event.position < end && wanted(event)), ...found]
    end = start + 1
  }
  const events = found.slice(-rows).reverse()
  return { events, from: found.length > rows ? events.at(-1)!.position : end }
}

/** Up to `rows` events before a position, the newest first. */
export async function eventsBefore(...asked: Parameters<typeof stretchBefore>): Promise<Recorded[]> {
  return (await stretchBefore(...asked)).events
}
