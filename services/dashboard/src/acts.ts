// What people do about a warning, and what each act needs to say.

import type { Warning } from './api'
import type { Words } from './words/zh'

export type ActName = keyof Pick<Words['acts'], 'acknowledge' | 'assign' | 'answer' | 'rectification' | 'report' | 'accept' | 'lift' | 'dismiss'>
export type FieldName = 'text' | 'cause' | 'assignee' | 'due_on' | 'items'

export interface Act {
  name: ActName
  /** Behind /v1/warnings/{id}/. */
  path: string
  fields: { name: FieldName; isRequired: boolean }[]
  /** Whether it is the unit that speaks, and not who handles the warning. */
  isOfUnit: boolean
  isOpenTo: (warning: Warning) => boolean
}

const isOpen = (warning: Warning): boolean => warning.is_open
const text = (isRequired: boolean) => ({ name: 'text', isRequired }) as const

export const ACTS: readonly Act[] = [
  { name: 'acknowledge', path: 'acknowledge', fields: [text(false)], isOfUnit: false, isOpenTo: (warning) => warning.is_open && !warning.acknowledged_at },
  { name: 'assign', path: 'assign', fields: [{ name: 'assignee', isRequired: true }, { name: 'due_on', isRequired: false }], isOfUnit: false, isOpenTo: isOpen },
  { name: 'answer', path: 'answer', fields: [text(true)], isOfUnit: true, isOpenTo: isOpen },
  { name: 'rectification', path: 'rectification', fields: [{ name: 'items', isRequired: true }, { name: 'due_on', isRequired: true }], isOfUnit: false, isOpenTo: isOpen },
  { name: 'report', path: 'rectification/report', fields: [text(true)], isOfUnit: true, isOpenTo: (warning) => warning.is_open && Boolean(warning.rectification) && !warning.rectification?.accepted_on },
  { name: 'accept', path: 'rectification/acceptance', fields: [text(false)], isOfUnit: false, isOpenTo: (warning) => warning.is_open && Boolean(warning.rectification?.reported_on) && !warning.rectification?.accepted_on },
  { name: 'lift', path: 'lift', fields: [{ name: 'cause', isRequired: true }], isOfUnit: false, isOpenTo: isOpen },
  { name: 'dismiss', path: 'dismiss', fields: [{ name: 'cause', isRequired: true }], isOfUnit: false, isOpenTo: isOpen },
]

/** The body of an act: what was left empty is left out. */
export function bodyOf(act: Act, typed: Partial<Record<FieldName, string>>): Record<string, unknown> {
  const given = act.fields.map(({ name }) => [name, typed[name]?.trim() ?? ''] as const).filter(([, value]) => value !== '')
  return Object.fromEntries(given.map(([name, value]) => [name, name === 'items' ? linesOf(value) : value]))
}

function linesOf(typed: string): string[] {
  return typed.split('\n').map((line) => line.trim()).filter(Boolean)
}

/** Needs no word: it is done with one tap. */
export function isOneTap(act: Act): boolean {
  return act.name === 'acknowledge'
}

/** Fields that must be said and were not. */
export function missing(act: Act, typed: Partial<Record<FieldName, string>>): FieldName[] {
  return act.fields.filter(({ name, isRequired }) => isRequired && !typed[name]?.trim()).map(({ name }) => name)
}
