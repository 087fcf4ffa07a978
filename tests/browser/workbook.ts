// Reads a workbook that the dashboard wrote, as a spreadsheet would: rows of exact texts.

import { inflateRawSync } from 'node:zlib'

/** A file of a zip, by its directory at the end. */
function fileOf(zip: Buffer, wanted: string): string {
  const end = zip.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]))
  let at = zip.readUInt32LE(end + 16)
  for (let left = zip.readUInt16LE(end + 8); left > 0; left -= 1) {
    const [size, nameBytes, offset] = [zip.readUInt32LE(at + 20), zip.readUInt16LE(at + 28), zip.readUInt32LE(at + 42)]
    const begin = offset + 30 + zip.readUInt16LE(offset + 26)
    if (zip.toString('utf8', at + 46, at + 46 + nameBytes) === wanted) return inflateRawSync(zip.subarray(begin, begin + size)).toString()
    at += 46 + nameBytes
  }
  throw new Error(`the workbook has no ${wanted}`)
}

export interface Cell {
  text: string
  isNumber: boolean
}

export function rowsOf(zip: Buffer): Cell[][] {
  const sheet = fileOf(zip, 'xl/worksheets/sheet1.xml')
  return [...sheet.matchAll(/<row [^>]*>(.*?)<\/row>/gs)].map(([, row]) =>
    [...row!.matchAll(/<c [^>]*?(?:\/>|>(?:<v>(.*?)<\/v>|<is><t[^>]*>(.*?)<\/t><\/is>)<\/c>)/gs)].map(([, value, text]) => ({ text: value ?? text ?? '', isNumber: value !== undefined })),
  )
}
