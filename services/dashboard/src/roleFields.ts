// Which role an account or a key has, and for a unit's which unit: asked for in the same words wherever it is set.

import type { List, Role, UnitRow } from './api'
import type { Field } from './fields'
import { wordFor, words } from './language'
import { ROLES } from './roles'

export function roleFields(units: List<UnitRow> | undefined, first: { role: Role; unit?: string | null }): Field[] {
  const say = words.value.admin
  return [
    { name: 'role', label: say.role, isRequired: true, first: first.role, options: ROLES.map((role) => ({ value: role, label: wordFor(words.value.roles, role) })) },
    { name: 'unit', label: say.unit, isRequired: true, first: first.unit ?? '', help: say.unitHelp, choices: (units?.items ?? []).map((each) => ({ value: each.id, label: each.name ?? each.id })), isAsked: (filled) => filled.role === 'unit' },
  ]
}
