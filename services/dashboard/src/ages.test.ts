import { expect, test } from 'vitest'
import { ageOf } from './ages'

test('a warning’s age is told by when it was raised, from overnight to long ago', () => {
  const on = (day: string) => ageOf(day, '2024-12-31')
  expect([on('2024-12-31'), on('2024-12-30'), on('2024-12-29')]).toEqual(['overnight', 'overnight', 'week'])
  expect([on('2024-12-24'), on('2024-12-23'), on('2024-12-01'), on('2024-11-30')]).toEqual(['week', 'month', 'month', 'older'])
})
