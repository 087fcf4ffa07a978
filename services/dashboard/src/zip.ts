// A zip file of a few texts, compressed by the browser itself: what an .xlsx is made of.

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value
})

/** Names in it are UTF-8, and the day of every file is the first that the format knows. */
const UTF_8 = 0x0800
const DEFLATED = 8
const VERSION = 20
const FIRST_DAY = 0x21

interface Packed {
  name: Uint8Array
  crc: number
  size: number
  bytes: Uint8Array
}

/** Pieces of a text that may still be on their way. */
export type Pieces = AsyncIterable<string> | Iterable<string>

export async function zip(files: readonly { name: string; pieces: Pieces }[]): Promise<Blob> {
  const parts: Uint8Array[] = []
  const directory: Uint8Array[] = []
  let offset = 0
  for (const { name, pieces } of files) {
    const packed = await pack(name, pieces)
    const local = header(0x04034b50, packed)
    parts.push(local, packed.name, packed.bytes)
    directory.push(header(0x02014b50, packed, offset), packed.name)
    offset += local.length + packed.name.length + packed.bytes.length
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0)
  return new Blob([...parts, ...directory, end(files.length, size, offset)] as BlobPart[])
}

async function pack(name: string, pieces: Pieces): Promise<Packed> {
  const encoder = new TextEncoder()
  const deflating = new CompressionStream('deflate-raw')
  const bytes = new Response(deflating.readable).arrayBuffer()
  const writer = deflating.writable.getWriter()
  let crc = ~0
  let size = 0
  for await (const piece of pieces) {
    const chunk = encoder.encode(piece)
    for (const byte of chunk) crc = TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8)
    size += chunk.length
    await writer.write(chunk)
  }
  await writer.close()
  return { name: encoder.encode(name), crc: ~crc >>> 0, size, bytes: new Uint8Array(await bytes) }
}

/** The header of a file where it stands, or in the directory, which says where that is. */
function header(signature: number, { crc, size, bytes, name }: Packed, offset?: number): Uint8Array {
  const short = (value: number) => [value & 0xff, (value >>> 8) & 0xff]
  const long = (value: number) => [...short(value), ...short(value >>> 16)]
  const common = [...short(VERSION), ...short(UTF_8), ...short(DEFLATED), ...short(0), ...short(FIRST_DAY), ...long(crc), ...long(bytes.length), ...long(size), ...short(name.length), ...short(0)]
  if (offset === undefined) return Uint8Array.from([...long(signature), ...common])
  return Uint8Array.from([...long(signature), ...short(VERSION), ...common, ...short(0), ...short(0), ...short(0), ...long(0), ...long(offset)])
}

function end(files: number, size: number, offset: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(22))
  bytes.setUint32(0, 0x06054b50, true)
  bytes.setUint16(8, files, true)
  bytes.setUint16(10, files, true)
  bytes.setUint32(12, size, true)
  bytes.setUint32(16, offset, true)
  return new Uint8Array(bytes.buffer)
}
