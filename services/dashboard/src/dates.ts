// Days are texts, as they come: 2024-12-31. Instants are shown in the office's time, whatever this machine's zone is.

/** Officials read the time of Beijing everywhere in China. */
const OFFICE_ZONE = 'Asia/Shanghai'

const inOffice = new Intl.DateTimeFormat('sv-SE', { timeZone: OFFICE_ZONE, dateStyle: 'short', timeStyle: 'medium' })

/** 2024-12-31 18:00:05, in the office's time. */
export function instant(text: string | null | undefined): string {
  if (!text) return ''
  const at = new Date(text)
  return Number.isNaN(at.getTime()) ? text : inOffice.format(at)
}

/** The day of an instant in the office's time. */
export function dayOf(text: string): string {
  return instant(text).slice(0, 10)
}

export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const at = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text)
}

/** Whole days from one day to another. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000)
}

/** Month ends of a day's year up to that day, the day itself last. */
export function monthEndsUntil(day: string): string[] {
  const [year, month] = [Number(day.slice(0, 4)), Number(day.slice(5, 7))]
  const ends: string[] = []
  for (let each = 1; each < month; each += 1) ends.push(monthEnd(year, each))
  return [...ends, day]
}

/** Every month end of a year. */
export function monthEnds(year: number): string[] {
  return Array.from({ length: 12 }, (_, index) => monthEnd(year, index + 1))
}

function monthEnd(year: number, month: number): string {
  return new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10)
}
