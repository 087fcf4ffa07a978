// What a table shows, apart from how: columns, order, search, sums.

import { compare, sum, amount, percent, figure, plainAmount, type Unit } from './money'

/** A spark is a year of twelve amounts, drawn. */
export type Kind = 'text' | 'amount' | 'percent' | 'points' | 'count' | 'day' | 'spark'

export interface Column<Row> {
  key: string
  label: string
  kind: Kind
  /** The raw value: a text, or an exact decimal; `null` where undefined, `undefined` where there is none. */
  value: (row: Row) => string | null | undefined
  /** The twelve amounts of a spark. */
  months?: (row: Row) => string[] | undefined
  /** The day of the last fact behind the figure. */
  freshness?: (row: Row) => string | null | undefined
  /** By what the service sorts, where that is not the key. */
  by?: string
  /** Where a click leads. */
  to?: (row: Row) => string | undefined
  /** Shown only when chosen. */
  isExtra?: boolean
  /** Whether a sum of it means something. */
  hasTotal?: boolean
}

export interface Order {
  key: string
  isDescending: boolean
  by?: string
}

export function printed(kind: Kind, value: string | null | undefined, unit: Unit): string {
  switch (kind) {
    case 'amount':
      return amount(value, unit)
    case 'percent':
      return percent(value)
    case 'points':
      return figure(value)
    case 'count':
    case 'day':
    case 'spark':
    case 'text':
      return value ?? ''
  }
}

/** The same for a spreadsheet. */
export function exported(kind: Kind, value: string | null | undefined, unit: Unit): string {
  return kind === 'amount' ? plainAmount(value, unit) : (value ?? '')
}

const inChinese = new Intl.Collator('zh-CN', { numeric: true })

export function sorted<Row>(rows: readonly Row[], columns: readonly Column<Row>[], order: Order | undefined): Row[] {
  const column = columns.find((candidate) => candidate.key === order?.key)
  if (!column || !order) return [...rows]
  const { value, kind } = column
  const { isDescending } = order
  return [...rows].sort((left, right) => {
    const [a, b] = [value(left), value(right)]
    if (kind !== 'text' && kind !== 'day') return compare(a, b, isDescending)
    if (!a || !b) return Number(Boolean(b)) - Number(Boolean(a))
    return isDescending ? inChinese.compare(b, a) : inChinese.compare(a, b)
  })
}

/** Rows whose texts hold every word that was typed. */
export function searched<Row>(rows: readonly Row[], columns: readonly Column<Row>[], typed: string): Row[] {
  const wanted = typed.toLowerCase().split(/\s+/).filter(Boolean)
  if (!wanted.length) return [...rows]
  const texts = columns.filter((column) => column.kind === 'text')
  return rows.filter((row) => {
    const held = texts.map((column) => column.value(row) ?? '').join('\n').toLowerCase()
    return wanted.every((word) => held.includes(word))
  })
}

export function total<Row>(rows: readonly Row[], column: Column<Row>): string | undefined {
  return column.hasTotal ? sum(rows.map((row) => column.value(row))) : undefined
}
