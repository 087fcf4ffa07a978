// CSV that a spreadsheet opens as it is meant: identifiers stay texts, and no cell of others' words is a formula.

const BYTE_ORDER_MARK = '\uFEFF'

/** A cell that holds digits only and would lose its leading zeros or its last digits. */
function isNumberLikeText(text: string): boolean {
  return /^(0\d+|\d{12,})$/.test(text)
}

function cell(text: string, isFigure: boolean): string {
  if (isFigure) return quoted(text)
  if (isNumberLikeText(text)) return quoted(`="${text}"`)
  return quoted(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text)
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export interface Sheet {
  /** Lines above the header: what it is, of when, in which unit. */
  head: string[]
  columns: { label: string; isFigure: boolean }[]
  rows: string[][]
}

export function csv({ head, columns, rows }: Sheet): string {
  const lines = [
    ...head.map((line) => cell(line, false)),
    columns.map((column) => cell(column.label, false)).join(','),
    ...rows.map((row) => row.map((text, index) => cell(text, columns[index]?.isFigure ?? false)).join(',')),
  ]
  return `${BYTE_ORDER_MARK}${lines.join('\r\n')}\r\n`
}

export function save(name: string, content: string | Blob, type: string): void {
  const anchor = document.createElement('a')
  anchor.href = URL.createObjectURL(new Blob([content], { type }))
  anchor.download = name
  anchor.click()
  URL.revokeObjectURL(anchor.href)
}
