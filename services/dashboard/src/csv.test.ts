import { expect, it } from 'vitest'
import { csv } from './csv'

const columns = [
  { label: '编号', isFigure: false },
  { label: '金额', isFigure: true },
]

it('keeps leading zeros of identifiers and the minus of figures', () => {
  expect(csv({ head: ['截至 2024-12-31'], columns, rows: [['00123', '-5.10']] })).toBe(
    '\uFEFF截至 2024-12-31\r\n编号,金额\r\n"=""00123""",-5.10\r\n',
  )
})

it('lets no cell of others be a formula', () => {
  expect(csv({ head: [], columns, rows: [['=1+1', '1'], ['a"b,c', '2']] })).toContain("'=1+1,1\r\n\"a\"\"b,c\",2")
})
