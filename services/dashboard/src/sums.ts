// The columns that funds and units share.

import type { AmountName, Sum } from './api'
import { benchmarkOf } from './deviation'
import { words } from './language'
import type { Column } from './table'

/** One row per currency, since figures of two currencies are never added. */
export interface SumRow<T> {
  of: T
  sum: Sum | undefined
}

export function perCurrency<T extends { currencies: Sum[] }>(items: readonly T[]): SumRow<T>[] {
  return items.flatMap((of): SumRow<T>[] => (of.currencies.length ? of.currencies.map((sum) => ({ of, sum })) : [{ of, sum: undefined }]))
}

export function sumColumns<T>(): Column<SumRow<T>>[] {
  const col = words.value.col
  const money = (name: AmountName, label: string, more: Partial<Column<SumRow<T>>> = {}): Column<SumRow<T>> => ({
    key: name, label, kind: 'amount', hasTotal: true, value: (row) => row.sum?.amounts[name], ...more,
  })
  const day = (name: 'last_disbursed_on' | 'last_arrived_on' | 'last_spent_on') => (row: SumRow<T>) => row.sum?.course?.[name]
  const rate = (name: string, label: string, isExtra = false): Column<SumRow<T>> => ({
    key: name, label, kind: 'percent', isExtra, value: (row) => row.sum?.rates.find((each) => each.figure === name)?.rate_percent,
  })
  const figures = words.value.figures
  return [
    money('life_budget', col.budget),
    money('adjusted_budget', col.yearBudget),
    money('issued', col.issued, { isExtra: true }),
    money('disbursed', col.disbursed, { freshness: day('last_disbursed_on') }),
    money('arrived', col.arrived, { freshness: day('last_arrived_on') }),
    money('spent', col.spent, { freshness: day('last_spent_on') }),
    money('spent_year', col.spentYear, { freshness: day('last_spent_on') }),
    { key: 'months', label: col.months, kind: 'spark', value: () => undefined, months: (row) => row.sum?.course?.spent_by_month },
    rate('F2', figures.F2!),
    rate('F3', figures.F3!),
    { key: 'benchmark', label: col.benchmark, kind: 'percent', value: (row) => (row.sum?.benchmark ? benchmarkOf(row.sum) : undefined) },
    { key: 'deviation', label: col.deviation, kind: 'points', value: (row) => row.sum?.deviation_pp ?? undefined },
    money('idle', col.balance),
    { key: 'last_spent_on', label: col.lastSpent, kind: 'day', value: day('last_spent_on') },
    { key: 'last_arrived_on', label: col.lastArrived, kind: 'day', isExtra: true, value: day('last_arrived_on') },
    { key: 'last_disbursed_on', label: col.lastDisbursed, kind: 'day', isExtra: true, value: day('last_disbursed_on') },
    { key: 'currency', label: col.currency, kind: 'text', isExtra: true, value: (row) => row.sum?.currency },
  ]
}
