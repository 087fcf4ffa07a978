// How long a warning has been open, in the steps in which a duty officer reads.

import { daysBetween } from './dates'

export const AGES = ['overnight', 'week', 'month', 'older'] as const
export type Age = (typeof AGES)[number]

export function ageOf(raisedOn: string, today: string): Age {
  const days = daysBetween(raisedOn, today)
  if (days <= 1) return 'overnight'
  if (days <= 7) return 'week'
  return days <= 30 ? 'month' : 'older'
}
