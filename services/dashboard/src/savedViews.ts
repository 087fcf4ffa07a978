// How a reader likes a table: columns, order, words and filters under a name, kept in this browser.

import { ref, type Ref } from 'vue'
import type { Order } from './table'

export interface SavedView {
  name: string
  columns: string[]
  order?: Order
  typed: string
  isGrouped: boolean
  /** The filters in the address. */
  query: Record<string, string>
}

export interface SavedViews {
  all: Ref<SavedView[]>
  keep: (view: SavedView) => void
  forget: (name: string) => void
}

export function savedViews(table: string): SavedViews {
  const place = `karez.views.${table}`
  const all = ref<SavedView[]>(read(place))
  const write = () => {
    try {
      localStorage.setItem(place, JSON.stringify(all.value))
    } catch {
      // A browser may refuse to keep anything; the view then lasts as long as the page.
    }
  }
  return {
    all,
    keep: (view) => {
      all.value = [...all.value.filter(({ name }) => name !== view.name), view]
      write()
    },
    forget: (name) => {
      all.value = all.value.filter((view) => view.name !== name)
      write()
    },
  }
}

/** What is there may be of another version: only what is whole is taken. */
function read(place: string): SavedView[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(place) ?? '[]')
    return Array.isArray(found) ? found.filter((view) => typeof view?.name === 'string' && Array.isArray(view.columns) && typeof view.query === 'object') : []
  } catch {
    return []
  }
}
