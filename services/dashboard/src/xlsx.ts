// A workbook of one sheet as an office wants it: title and units on top, frozen header, A4 landscape, figures as exact
// numbers, identifiers as texts, and a line to sign.

import { zip } from './zip'

export type CellKind = 'text' | 'amount' | 'percent' | 'points' | 'count' | 'day'

/** A value as it stands in a file: an exact decimal, a day or a text; empty where there is none. */
export interface SheetColumn {
  label: string
  kind: CellKind
}

export interface Workbook {
  title: string
  /** Of when it is. */
  stand: string
  /** 金额单位：万元. */
  units: string
  columns: readonly SheetColumn[]
  /** Rows, each with whether it is a sum of others. */
  rows: AsyncIterable<SheetRow[]>
  /** Below the rows: that rounding leaves a difference, and who signs. */
  notes: readonly string[]
}

export interface SheetRow {
  cells: readonly string[]
  isSum: boolean
}

/** Excel counts in binary and keeps no more digits than these: what is longer is written as a text. */
const EXACT_DIGITS = 15
const STYLES: Record<CellKind, number> = { text: 1, amount: 2, percent: 3, points: 4, count: 5, day: 6 }
const SUM_STYLES = 6
const [TITLE, LEFT, RIGHT, HEAD] = [13, 14, 15, 16]
const WIDTHS: Record<CellKind, number> = { text: 22, amount: 15, percent: 10, points: 12, count: 9, day: 12 }
const HEAD_ROWS = 3
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'

export function xlsx(book: Workbook): Promise<Blob> {
  const type = 'application/vnd.openxmlformats-officedocument.spreadsheetml'
  const kind = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
  const packages = 'http://schemas.openxmlformats.org/package/2006'
  return zip([
    { name: '[Content_Types].xml', pieces: [`${XML}<Types xmlns="${packages}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${type}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${type}.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="${type}.styles+xml"/></Types>`] },
    { name: '_rels/.rels', pieces: [`${XML}<Relationships xmlns="${packages}/relationships"><Relationship Id="rId1" Type="${kind}/officeDocument" Target="xl/workbook.xml"/></Relationships>`] },
    { name: 'xl/_rels/workbook.xml.rels', pieces: [`${XML}<Relationships xmlns="${packages}/relationships"><Relationship Id="rId1" Type="${kind}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${kind}/styles" Target="styles.xml"/></Relationships>`] },
    { name: 'xl/workbook.xml', pieces: [workbook(book.title)] },
    { name: 'xl/styles.xml', pieces: [styles()] },
    { name: 'xl/worksheets/sheet1.xml', pieces: sheet(book) },
  ])
}

/** The name of a sheet has at most 31 letters and none of these. */
function workbook(title: string): string {
  const name = escaped(title.replace(/[\\/?*[\]:']/g, ' ').slice(0, 31))
  return `${XML}<workbook xmlns="${MAIN}" xmlns:r="${RELATIONS}"><sheets><sheet name="${name}" sheetId="1" r:id="rId1"/></sheets><definedNames><definedName name="_xlnm.Print_Titles" localSheetId="0">'${name}'!$1:$${HEAD_ROWS}</definedName></definedNames></workbook>`
}

function styles(): string {
  const fonts = ['', '<b/>', '<b/>'].map((bold, index) => `<font>${bold}<sz val="${index === 2 ? 16 : 11}"/><name val="宋体"/></font>`)
  const box = '<border><left style="thin"/><right style="thin"/><top style="thin"/><bottom style="thin"/></border>'
  // #,##0.00 is 4, 0.00% is 10, a whole number 1 and a text 49 in every spreadsheet.
  const formats: Record<CellKind, number> = { text: 49, amount: 4, percent: 10, points: 2, count: 1, day: 164 }
  const cells = [0, 1].flatMap((font) =>
    Object.values(formats).map((format) => `<xf numFmtId="${format}" fontId="${font}" fillId="0" borderId="1" applyNumberFormat="1" applyFont="1" applyBorder="1"/>`),
  )
  const aligned = (font: number, border: number, horizontal: string) =>
    `<xf numFmtId="0" fontId="${font}" fillId="0" borderId="${border}" applyFont="1" applyAlignment="1" applyBorder="1"><alignment horizontal="${horizontal}" vertical="center" wrapText="1"/></xf>`
  const xfs = ['<xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>', ...cells, aligned(2, 0, 'center'), aligned(0, 0, 'left'), aligned(0, 0, 'right'), aligned(1, 1, 'center')]
  return `${XML}<styleSheet xmlns="${MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/></numFmts><fonts count="3">${fonts.join('')}</fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="2"><border/>${box}</borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="${xfs.length}">${xfs.join('')}</cellXfs></styleSheet>`
}

async function* sheet({ title, stand, units, columns, rows, notes }: Workbook): AsyncGenerator<string> {
  const last = letters(columns.length - 1)
  const middle = Math.max(1, Math.ceil(columns.length / 2))
  const widths = columns.map(({ kind }, index) => `<col min="${index + 1}" max="${index + 1}" width="${WIDTHS[kind]}" customWidth="1"/>`)
  const frozen = Math.min(2, columns.length - 1)
  yield `${XML}<worksheet xmlns="${MAIN}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr><sheetViews><sheetView workbookViewId="0"><pane xSplit="${frozen}" ySplit="${HEAD_ROWS}" topLeftCell="${letters(frozen)}${HEAD_ROWS + 1}" activePane="bottomRight" state="frozen"/></sheetView></sheetViews><cols>${widths.join('')}</cols><sheetData>`
  yield `<row r="1" ht="28" customHeight="1">${text(title, TITLE, 'A1')}</row>`
  yield `<row r="2">${text(stand, LEFT, 'A2')}${columns.length > 1 ? text(units, RIGHT, `${letters(middle)}2`) : ''}</row>`
  yield `<row r="3" ht="32" customHeight="1">${columns.map(({ label }, index) => text(label, HEAD, `${letters(index)}3`)).join('')}</row>`
  let number = HEAD_ROWS
  for await (const batch of rows) {
    yield batch.map(({ cells, isSum }) => {
      number += 1
      const written = columns.map(({ kind }, index) => cell(cells[index] ?? '', kind, `${letters(index)}${number}`, isSum))
      return `<row r="${number}">${written.join('')}</row>`
    }).join('')
  }
  const merged = [`A1:${last}1`, ...(middle > 1 ? [`A2:${letters(middle - 1)}2`] : []), ...(middle < columns.length - 1 ? [`${letters(middle)}2:${last}2`] : [])]
  for (const note of notes) {
    number += 1
    yield `<row r="${number}" ht="24" customHeight="1">${text(note, LEFT, `A${number}`)}</row>`
    merged.push(`A${number}:${last}${number}`)
  }
  const wide = columns.length > 1 ? merged : []
  yield `</sheetData>${wide.length ? `<mergeCells count="${wide.length}">${wide.map((area) => `<mergeCell ref="${area}"/>`).join('')}</mergeCells>` : ''}<pageMargins left="0.5" right="0.5" top="0.6" bottom="0.6" header="0.3" footer="0.3"/><pageSetup paperSize="9" orientation="landscape" fitToWidth="1" fitToHeight="0"/><headerFooter><oddFooter>&amp;C&amp;P / &amp;N</oddFooter></headerFooter></worksheet>`
}

function cell(value: string, kind: CellKind, at: string, isSum: boolean): string {
  const style = STYLES[kind] + (isSum ? SUM_STYLES : 0)
  if (value === '') return `<c r="${at}" s="${style}"/>`
  const figure = kind === 'day' ? serial(value) : kind === 'percent' ? hundredth(value) : value
  const isExact = /^-?\d+(\.\d+)?$/.test(figure) && figure.replace(/^-?0*\.?0*|\./g, '').length <= EXACT_DIGITS
  if (kind === 'text' || !isExact) return text(value, STYLES.text + (isSum ? SUM_STYLES : 0), at)
  return `<c r="${at}" s="${style}"><v>${figure}</v></c>`
}

/** A percentage as the share that spreadsheets keep: the point two places to the left, no digit lost. */
function hundredth(percent: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(percent)
  if (!match) return percent
  const [, sign, whole = '', fraction = ''] = match
  const digits = whole.padStart(3, '0')
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}${fraction}`
}

/** A day as spreadsheets count them. */
function serial(day: string): string {
  const at = Date.parse(`${day}T00:00:00Z`)
  return Number.isNaN(at) ? day : String(Math.round((at - Date.UTC(1899, 11, 30)) / 86_400_000))
}

function text(value: string, style: number, at: string): string {
  return `<c r="${at}" s="${style}" t="inlineStr"><is><t xml:space="preserve">${escaped(value)}</t></is></c>`
}

function escaped(value: string): string {
  const clean = value.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '')
  return clean.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** A, B … Z, AA … */
function letters(index: number): string {
  const rest = String.fromCharCode(65 + (index % 26))
  return index < 26 ? rest : letters(Math.floor(index / 26) - 1) + rest
}
