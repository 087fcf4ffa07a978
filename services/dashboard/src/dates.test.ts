import { expect, it } from 'vitest'
import { dayOf, daysBetween, instant, isDay } from './dates'

it('shows instants in the office’s time, also past midnight', () => {
  expect(instant('2024-12-31T16:30:00.000000Z')).toBe('2025-01-01 00:30:00')
  expect(dayOf('2024-12-31T15:59:59Z')).toBe('2024-12-31')
  expect(instant(null)).toBe('')
})

it('knows a day from what looks like one', () => {
  expect(isDay('2024-02-29')).toBe(true)
  for (const text of ['2023-02-29', '2024-13-01', '2024-1-1', 'today']) expect(isDay(text)).toBe(false)
})

it('counts days', () => {
  expect(daysBetween('2024-02-28', '2024-03-01')).toBe(2)
})
