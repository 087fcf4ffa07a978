// Deviations in the phrase that officials use.

import type { Sum } from './api'
import { fill, words } from './language'
import { figure, isNegative, isZero, size } from './money'

export function deviation(pp: string | null | undefined): string {
  const say = words.value.deviation
  if (pp === null || pp === undefined) return say.undefined
  if (isZero(pp)) return say.level
  return fill(isNegative(pp) ? say.behind : say.ahead, { pp: figure(size(pp)) })
}

/** The benchmark that deviations are measured from. */
export function benchmarkOf(sum: Pick<Sum, 'benchmark'> | undefined): string | null {
  return sum?.benchmark?.percent ?? null
}
