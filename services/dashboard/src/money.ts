// The only file that turns amounts and rates into text. They arrive as exact decimal strings and stay exact:
// digits are kept as BigInt, and there is one rounding, half away from zero, where they are printed.

/** 元, 万元, 亿元: by how many places the decimal point moves. */
export const UNITS = { yuan: 0, wan: 4, yi: 8 } as const
export type Unit = keyof typeof UNITS

/** What is printed for a figure that is undefined, such as a rate over nothing. */
export const UNDEFINED = '—'

/** An exact decimal: `digits` × 10^-`scale`. */
interface Exact {
  digits: bigint
  scale: number
}

const PLAIN_DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/

function read(text: string): Exact {
  const match = PLAIN_DECIMAL.exec(text)
  if (!match) throw new RangeError(`not a decimal: ${JSON.stringify(text)}`)
  const [, sign, whole, fraction = ''] = match
  const digits = BigInt(`${whole}${fraction}`)
  return { digits: sign ? -digits : digits, scale: fraction.length }
}

function atScale(value: Exact, scale: number): bigint {
  return value.digits * 10n ** BigInt(scale - value.scale)
}

function aligned(left: string, right: string): [bigint, bigint, number] {
  const [a, b] = [read(left), read(right)]
  const scale = Math.max(a.scale, b.scale)
  return [atScale(a, scale), atScale(b, scale), scale]
}

function write(digits: bigint, scale: number): string {
  const text = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, '0')
  const point = text.length - scale
  const fraction = text.slice(point).replace(/0+$/, '')
  return `${digits < 0n ? '-' : ''}${text.slice(0, point)}${fraction && `.${fraction}`}`
}

function rounded(value: Exact, decimals: number): bigint {
  if (value.scale <= decimals) return atScale(value, decimals)
  const step = 10n ** BigInt(value.scale - decimals)
  const size = value.digits < 0n ? -value.digits : value.digits
  const whole = (size + step / 2n) / step
  return value.digits < 0n ? -whole : whole
}

function fixed(digits: bigint, decimals: number, grouped: boolean): string {
  const text = (digits < 0n ? -digits : digits).toString().padStart(decimals + 1, '0')
  const point = text.length - decimals
  const whole = grouped ? text.slice(0, point).replace(/\B(?=(\d{3})+$)/g, ',') : text.slice(0, point)
  return `${digits < 0n ? '-' : ''}${whole}${decimals ? `.${text.slice(point)}` : ''}`
}

/** An amount in a unit, with two decimals and thousands separators; nothing where there is none. */
export function amount(value: string | null | undefined, unit: Unit): string {
  if (value === undefined || value === '') return ''
  if (value === null) return UNDEFINED
  return fixed(rounded(inUnit(value, unit), 2), 2, true)
}

/** The same for a spreadsheet: no separators, and no digit lost. */
export function plainAmount(value: string | null | undefined, unit: Unit): string {
  if (value === undefined || value === null || value === '') return ''
  const { digits, scale } = inUnit(value, unit)
  return write(digits, scale)
}

function inUnit(value: string, unit: Unit): Exact {
  const { digits, scale } = read(value)
  return { digits, scale: scale + UNITS[unit] }
}

/** A rate as it is printed; "—" where it is undefined. */
export function percent(value: string | null | undefined): string {
  if (value === undefined) return ''
  return value === null ? UNDEFINED : `${fixed(rounded(read(value), 2), 2, false)}%`
}

/** A figure with two decimals and no unit, such as percentage points or times. */
export function figure(value: string | null | undefined): string {
  if (value === undefined) return ''
  return value === null ? UNDEFINED : fixed(rounded(read(value), 2), 2, false)
}

/** The size of a figure without its sign. */
export function size(value: string): string {
  return value.startsWith('-') ? value.slice(1) : value
}

export function isNegative(value: string | null | undefined): boolean {
  return typeof value === 'string' && value.startsWith('-') && /[1-9]/.test(value)
}

export function isZero(value: string): boolean {
  return read(value).digits === 0n
}

/** Exact order; what is undefined comes last whichever way the list is sorted. */
export function compare(left: string | null | undefined, right: string | null | undefined, descending = false): number {
  if (!isFigure(left) || !isFigure(right)) return Number(isFigure(right)) - Number(isFigure(left))
  const [a, b] = aligned(left, right)
  const order = a < b ? -1 : a > b ? 1 : 0
  return descending ? -order : order
}

function isFigure(value: string | null | undefined): value is string {
  return value !== null && value !== undefined && value !== ''
}

export function subtract(left: string, right: string): string {
  const [a, b, scale] = aligned(left, right)
  return write(a - b, scale)
}

/** The exact sum of those that are there; nothing where none is. */
export function sum(values: Iterable<string | null | undefined>): string | undefined {
  let total: string | undefined
  for (const value of values) {
    if (!isFigure(value)) continue
    const [a, b, scale] = aligned(total ?? '0', value)
    total = write(a + b, scale)
  }
  return total
}

/** Whether people's writing of an amount can be sent; separators are taken out. */
export function typedAmount(text: string): string | undefined {
  const plain = text.trim().replaceAll(',', '').replaceAll('，', '')
  return PLAIN_DECIMAL.test(plain) ? plain : undefined
}

/** A place on the screen: how far a bar or a point reaches. Never printed and never compared. */
export function forDrawing(value: string | null | undefined, unit: Unit = 'yuan'): number | null {
  return isFigure(value) ? Number(plainAmount(value, unit)) : null
}
