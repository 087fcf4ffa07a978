import { expect, it } from 'vitest'
import { xlsx } from './xlsx'

/** The files of a zip, by its directory at the end. */
async function unpacked(file: Blob): Promise<Record<string, string>> {
  const bytes = new DataView(await file.arrayBuffer())
  const end = bytes.byteLength - 22
  expect(bytes.getUint32(end, true)).toBe(0x06054b50)
  const files: Record<string, string> = {}
  let at = bytes.getUint32(end + 16, true)
  for (let left = bytes.getUint16(end + 8, true); left > 0; left -= 1) {
    const [size, nameBytes, offset] = [bytes.getUint32(at + 20, true), bytes.getUint16(at + 28, true), bytes.getUint32(at + 42, true)]
    const begin = offset + 30 + bytes.getUint16(offset + 26, true)
    const name = await file.slice(at + 46, at + 46 + nameBytes).text()
    const inflated = file.slice(begin, begin + size).stream().pipeThrough(new DecompressionStream('deflate-raw'))
    files[name] = await new Response(inflated).text()
    at += 46 + nameBytes
  }
  return files
}

async function sheetOf(kind: 'text' | 'amount' | 'percent' | 'day', value: string): Promise<string> {
  const rows = (async function* () {
    yield [{ cells: ['P<1>', value], isSum: false }]
  })()
  const book = await xlsx({ title: '项目', stand: '截至 2024-12-31', units: '金额单位：万元', columns: [{ label: '编号', kind: 'text' }, { label: '值', kind }], rows, notes: ['填表人：'] })
  return (await unpacked(book))['xl/worksheets/sheet1.xml']!
}

it('keeps every digit of a figure, and writes what a spreadsheet could not keep as a text', async () => {
  expect(await sheetOf('amount', '-12345678.9012345')).toContain('<v>-12345678.9012345</v>')
  expect(await sheetOf('amount', '12345678901234.56')).toContain('>12345678901234.56</t>')
  expect(await sheetOf('percent', '4.5')).toContain('<v>0.045</v>')
  expect(await sheetOf('percent', '-100.00')).toContain('<v>-1.0000</v>')
  expect(await sheetOf('day', '2024-12-31')).toContain('<v>45657</v>')
  expect(await sheetOf('text', '0012')).toContain('>0012</t>')
})

it('is made for paper: a title over all columns, a frozen header, A4 on its side, a line to sign', async () => {
  const sheet = await sheetOf('text', '=1+1')
  for (const part of ['<mergeCell ref="A1:B1"/>', 'state="frozen"', 'paperSize="9" orientation="landscape"', 'P&lt;1&gt;', '填表人：', '金额单位：万元']) expect(sheet).toContain(part)
  // Others' words are texts and never formulas.
  expect(sheet).not.toContain('<f>')
  expect(sheet).toContain('=1+1</t>')
})
