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

/** Today, in the office's time. */
export function today(): string {
  return inOffice.format(new Date()).slice(0, 10)
}

/** The day so many days after another. */
export function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)
}

/** Whole days from one day to another. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000)
}
