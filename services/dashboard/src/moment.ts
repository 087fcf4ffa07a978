// The moment that is looked at. It stands in the address, so that a link shows what its sender saw.

import { computed } from 'vue'
import { router } from './router'
import { address } from './api'

function inAddress(name: string): string | undefined {
  const value = router.currentRoute.value.query[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

export const asOf = computed(() => inAddress('as_of'))
export const knownAt = computed(() => inAddress('known_at'))
export const isPast = computed(() => asOf.value !== undefined || knownAt.value !== undefined)

/** An address of the API at the moment looked at. */
export function at(path: string, parameters: Record<string, string | number | undefined> = {}): string {
  return address(path, { as_of: asOf.value, known_at: knownAt.value, ...parameters })
}

export function goTo(moment: { as_of?: string; known_at?: string }): void {
  const { as_of: _asOf, known_at: _knownAt, ...others } = router.currentRoute.value.query
  void router.push({ query: { ...others, ...moment } })
}

/** A dashboard link that keeps the moment. */
export function link(path: string, query: Record<string, string | undefined> = {}): string {
  return address(path, { ...query, as_of: asOf.value, known_at: knownAt.value })
}
