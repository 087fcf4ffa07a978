// A table as a file: exactly the columns, rows and order that are shown, every digit kept.

import { csv, save } from './csv'
import { instant } from './dates'
import { fill, words } from './language'
import { unit } from './preferences'
import type { Group, Source } from './rows'
import { exported, type Column } from './table'
import { xlsx, type SheetColumn, type SheetRow } from './xlsx'

export interface Shown<Row> {
  name: string
  columns: Column<Row>[]
  source: Source<Row>
  groups: Group<Row>[]
  /** 金额单位, where there are amounts. */
  units: string
  told: (rows: number) => void
}

/** A year that is drawn as one column is written as twelve. */
function sheetColumns<Row>(columns: Column<Row>[]): SheetColumn[] {
  return columns.flatMap(({ label, kind }) =>
    kind === 'spark'
      ? Array.from({ length: 12 }, (_, month): SheetColumn => ({ label: fill(words.value.col.spentIn, { month: month + 1 }), kind: 'amount' }))
      : [{ label, kind }],
  )
}

function cells<Row>(columns: Column<Row>[], row: Row): string[] {
  return columns.flatMap((column) => {
    if (column.kind !== 'spark') return [exported(column.kind, column.value(row), unit.value)]
    const months = column.months?.(row)
    return Array.from({ length: 12 }, (_, month) => exported('amount', months?.[month], unit.value))
  })
}

function sumCells<Row>(columns: Column<Row>[], name: string, of: (column: Column<Row>) => string | undefined): string[] {
  return columns.flatMap((column, index) => (index === 0 ? [name] : column.kind === 'spark' ? Array<string>(12).fill('') : [exported(column.kind, of(column), unit.value)]))
}

/** The total first, then the rows; each unit's subtotal before its own. */
async function* rowsOf<Row>({ columns, source, groups, told }: Shown<Row>): AsyncGenerator<SheetRow[]> {
  if (columns.some((column) => column.hasTotal)) yield [{ cells: sumCells(columns, words.value.table.total, source.total), isSum: true }]
  let [written, group, left] = [0, 0, groups[0]?.rows ?? 0]
  for await (const batch of source.batches()) {
    const out: SheetRow[] = []
    for (const row of batch) {
      const heading = groups[group]
      if (heading && left === heading.rows) out.push({ cells: sumCells(columns, heading.name, heading.total), isSum: true })
      out.push({ cells: cells(columns, row), isSum: false })
      left -= 1
      if (heading && left === 0) left = groups[(group += 1)]?.rows ?? 0
    }
    written += batch.length
    told(written)
    yield out
  }
}

function standOf<Row>({ source }: Shown<Row>): string {
  const stand = source.stand.value
  return stand ? fill(words.value.stand, { day: stand.as_of, at: instant(stand.data_as_at), position: stand.position }) : ''
}

const fileName = <Row>({ name, source }: Shown<Row>, ending: string) => `${name}_${source.stand.value?.as_of ?? ''}.${ending}`

export async function saveXlsx<Row>(shown: Shown<Row>): Promise<void> {
  const book = await xlsx({
    title: shown.name,
    stand: standOf(shown),
    units: shown.units,
    columns: sheetColumns(shown.columns),
    rows: rowsOf(shown),
    notes: [words.value.table.rounding, words.value.table.signatures],
  })
  save(fileName(shown, 'xlsx'), book, 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet')
}

export async function saveCsv<Row>(shown: Shown<Row>): Promise<void> {
  const rows: string[][] = []
  for await (const batch of rowsOf(shown)) for (const { cells } of batch) rows.push([...cells])
  const columns = sheetColumns(shown.columns).map(({ label, kind }) => ({ label, isFigure: kind !== 'text' }))
  save(fileName(shown, 'csv'), csv({ head: [shown.name, standOf(shown), shown.units].filter(Boolean), columns, rows }), 'text/csv;charset=utf-8')
}
