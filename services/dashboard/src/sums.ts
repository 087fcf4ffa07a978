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
  const money = (name: AmountName, label: string, isExtra = false): Column<SumRow<T>> => ({
    key: name, label, kind: 'amount', isExtra, hasTotal: true, value: (row) => row.sum?.amounts[name],
  })
  const rate = (name: string, label: string, isExtra = false): Column<SumRow<T>> => ({
    key: name, label, kind: 'percent', isExtra, value: (row) => row.sum?.rates.find((each) => each.figure === name)?.rate_percent,
  })
  const figures = words.value.figures
  return [
    money('life_budget', col.budget),
    money('adjusted_budget', col.yearBudget),
    money('issued', col.issued, true),
    money('disbursed', col.disbursed),
    money('arrived', col.arrived),
    money('spent', col.spent),
    money('spent_year', col.spentYear, true),
    rate('F2', figures.F2!),
    rate('F3', figures.F3!),
    { key: 'benchmark', label: col.benchmark, kind: 'percent', value: (row) => (row.sum?.benchmark ? benchmarkOf(row.sum) : undefined) },
    { key: 'deviation', label: col.deviation, kind: 'points', value: (row) => row.sum?.deviation_pp ?? undefined },
    money('idle', col.balance),
    { key: 'currency', label: col.currency, kind: 'text', isExtra: true, value: (row) => row.sum?.currency },
  ]
}
