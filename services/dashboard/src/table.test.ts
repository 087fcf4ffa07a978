import { expect, it } from 'vitest'
import { searched, sorted, total, type Column } from './table'

interface Row {
  id: string
  spent: string | null
}
const columns: Column<Row>[] = [
  { key: 'id', label: '', kind: 'text', value: (row) => row.id },
  { key: 'spent', label: '', kind: 'amount', value: (row) => row.spent, hasTotal: true },
]
const rows: Row[] = [
  { id: 'P10', spent: '9.99' },
  { id: 'P9', spent: null },
  { id: 'p2', spent: '10' },
]

it('sorts amounts exactly and leaves what is undefined last', () => {
  const order = (isDescending: boolean) => sorted(rows, columns, { key: 'spent', isDescending }).map((row) => row.id)
  expect(order(false)).toEqual(['P10', 'p2', 'P9'])
  expect(order(true)).toEqual(['p2', 'P10', 'P9'])
})

it('sorts identifiers as people count', () => {
  expect(sorted(rows, columns, { key: 'id', isDescending: false }).map((row) => row.id)).toEqual(['p2', 'P9', 'P10'])
})

it('keeps the order of the server where none is asked for', () => {
  expect(sorted(rows, columns, undefined)).toEqual(rows)
})

it('finds rows by every word in any case, and sums what is left', () => {
  expect(searched(rows, columns, ' P 10 ')).toEqual([rows[0]])
  expect(total(searched(rows, columns, ''), columns[1]!)).toBe('19.99')
  expect(total(rows, columns[0]!)).toBeUndefined()
})
