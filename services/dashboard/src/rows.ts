// Where a table's rows come from: all of them in memory, or a long list that the service sorts, searches and adds up,
// of which only what is looked at is fetched.

import { computed, onScopeDispose, ref, shallowReactive, shallowRef, watch, type ComputedRef, type Ref } from 'vue'
import { ask, Problem, type AmountName, type List, type Stand, type Subtotals } from './api'
import { refreshed } from './live'
import { searched, sorted, total, type Column, type Order } from './table'

/** What a reader wants of a table. */
export interface Wish {
  typed: string
  order: Order | undefined
}

/** Rows that belong together, and what they add up to. */
export interface Group<Row> {
  name: string
  rows: number
  total: (column: Column<Row>) => string | undefined
}

export interface Source<Row> {
  stand: ComputedRef<Stand | undefined>
  problem: Ref<Problem | undefined>
  isLoading: Ref<boolean>
  /** Rows found, and rows there are. */
  found: ComputedRef<number>
  all: ComputedRef<number>
  row: (index: number) => Row | undefined
  /** Says which rows are looked at. */
  look: (first: number, last: number) => void
  /** Fetches every row that is not there yet, for paper. */
  fetchAll: () => Promise<void>
  total: (column: Column<Row>) => string | undefined
  /** Those of one unit together, where the rows can be put so. */
  groups?: ComputedRef<Group<Row>[]>
  /** Every row found, a batch at a time. */
  batches: () => AsyncIterable<Row[]>
  reload: () => void
}

export function inMemory<Row>(rows: () => Row[], columns: () => Column<Row>[], stand: () => Stand | undefined, wish: Wish): Source<Row> {
  const found = computed(() => sorted(searched(rows(), columns(), wish.typed), columns(), wish.order))
  return {
    stand: computed(stand),
    problem: ref(),
    isLoading: ref(false),
    found: computed(() => found.value.length),
    all: computed(() => rows().length),
    row: (index) => found.value[index],
    look: () => undefined,
    fetchAll: () => Promise.resolve(),
    total: (column) => total(found.value, column),
    batches: async function* () {
      yield found.value
    },
    reload: () => undefined,
  }
}

/** Rows of a page, fetched together. */
const PAGE_ROWS = 200
/** Up to here the rest follows the first page by itself, so that a printer finds it; more are not put on paper, a file is better. */
export const FEW_ROWS = 5_000
/** The largest page of the API. */
const BATCH_ROWS = 1_000
/** How long a scrolling reader must rest before rows are fetched, and a typing one before they are searched. */
const REST_MS = 80
const TYPING_MS = 250

type RowSum = Subtotals['sums'][number]
type Parameters = Record<string, string | number | undefined>

export interface LongList<Row> extends Source<Row> {
  currencies: ComputedRef<string[]>
}

/** A long list of the service. `address` gives its path, or that of its sums, with these parameters besides its filters. */
export function longList<Row>(address: (path: '' | '/subtotals', more: Parameters) => string, currency: () => string, wish: Wish): LongList<Row> {
  const pages = shallowReactive(new Map<number, Row[]>())
  const first = shallowRef<List<Row>>()
  const sums = shallowRef<Subtotals>()
  const all = ref(0)
  const problem = shallowRef<Problem>()
  const isLoading = ref(false)
  const typed = ref(wish.typed)
  let running = new AbortController()
  const asked = new Set<number>()
  let resting: ReturnType<typeof setTimeout> | undefined
  let typing: ReturnType<typeof setTimeout> | undefined

  const parameters = () => ({ sort: wish.order && `${wish.order.isDescending ? '-' : ''}${wish.order.by ?? wish.order.key}`, q: typed.value || undefined })
  const list = (more: Parameters) => address('', { ...parameters(), ...more })

  /** A page stands at the position of the first one, whatever has been recorded since. */
  async function fetchPage(page: number, signal: AbortSignal): Promise<void> {
    const cursor = first.value?.next_cursor
    if (asked.has(page) || !cursor) return
    asked.add(page)
    try {
      const answer = await ask<List<Row>>(list({ cursor, skip: (page - 1) * PAGE_ROWS || undefined, limit: PAGE_ROWS }), { signal })
      if (!signal.aborted) pages.set(page, answer.items)
    } catch (error) {
      if (signal.aborted) return
      asked.delete(page)
      problem.value = asProblem(error)
    }
  }

  async function load(): Promise<void> {
    running.abort()
    running = new AbortController()
    const { signal } = running
    isLoading.value = true
    try {
      const answer = await ask<List<Row>>(list({ limit: PAGE_ROWS }), { signal })
      if (signal.aborted) return
      problem.value = undefined
      asked.clear()
      pages.clear()
      first.value = answer
      pages.set(0, answer.items)
      asked.add(0)
      if (!typed.value) all.value = answer.total ?? 0
      isLoading.value = false
      const added = await ask<Subtotals>(address('/subtotals', { q: parameters().q }), { signal })
      if (!signal.aborted) sums.value = added
      const rows = answer.total ?? 0
      for (let page = 1; page * PAGE_ROWS < rows && rows <= FEW_ROWS; page += 1) await fetchPage(page, signal)
    } catch (error) {
      if (signal.aborted) return
      isLoading.value = false
      problem.value = asProblem(error)
    }
  }

  watch([() => address('', {}), () => wish.order, typed, refreshed], () => void load())
  watch(() => wish.typed, () => {
    clearTimeout(typing)
    typing = setTimeout(() => (typed.value = wish.typed.trim()), TYPING_MS)
  })
  void load()
  onScopeDispose(() => {
    running.abort()
    clearTimeout(resting)
    clearTimeout(typing)
  })

  const inCurrency = (of: RowSum[] | undefined) => of?.find((sum) => sum.currency === currency())?.amounts
  return {
    stand: computed(() => first.value),
    problem,
    isLoading,
    found: computed(() => first.value?.total ?? 0),
    all: computed(() => Math.max(all.value, first.value?.total ?? 0)),
    currencies: computed(() => (sums.value?.sums ?? []).map((sum) => sum.currency).sort()),
    row: (index) => pages.get(Math.floor(index / PAGE_ROWS))?.[index % PAGE_ROWS],
    look: (from, to) => {
      clearTimeout(resting)
      const missing: number[] = []
      for (let page = Math.floor(from / PAGE_ROWS); page * PAGE_ROWS < to; page += 1) if (!asked.has(page)) missing.push(page)
      if (missing.length) resting = setTimeout(() => missing.forEach((page) => void fetchPage(page, running.signal)), REST_MS)
    },
    fetchAll: async () => {
      for (let page = 1; page * PAGE_ROWS < (first.value?.total ?? 0); page += 1) await fetchPage(page, running.signal)
    },
    total: (column) => (column.hasTotal ? inCurrency(sums.value?.sums)?.[column.key as AmountName] : undefined),
    groups: computed(() =>
      (sums.value?.units ?? []).map((each) => ({
        name: each.unit_name ?? each.unit ?? '—',
        rows: each.projects,
        total: (column) => (column.hasTotal ? inCurrency(each.sums)?.[column.key as AmountName] : undefined),
      })),
    ),
    batches: async function* () {
      let cursor: string | null | undefined
      do {
        const page: List<Row> = await ask<List<Row>>(list({ cursor: cursor ?? undefined, limit: BATCH_ROWS }))
        yield page.items
        cursor = page.next_cursor
      } while (cursor)
    },
    reload: () => void load(),
  }
}

function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(500, 'internal', String(error))
}
