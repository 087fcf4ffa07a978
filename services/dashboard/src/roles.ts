// Which role may do what, as `karez user roles` and the API's documentation print it; a browser test holds it against what each role
// is told when it signs in.

import type { Action, Role } from './api'

export const ROLES = ['finance', 'unit', 'auditor', 'supervisor', 'admin'] as const satisfies Role[]

/** Who may do it; `unit` with its own unit's only, but for the rules, which are everybody's. */
export const MAY: Record<Action, readonly Role[]> = {
  read_figures: ROLES,
  read_funds: ['finance', 'auditor', 'supervisor', 'admin'],
  read_history: ROLES,
  read_persons: ['finance', 'unit', 'auditor'],
  read_warnings: ROLES,
  read_notices: ['finance', 'auditor', 'supervisor', 'admin'],
  read_rules: ROLES,
  test_rules: ['finance', 'auditor', 'supervisor', 'admin'],
  propose_rules: ['finance', 'supervisor'],
  publish_rules: ['finance', 'admin'],
  record_facts: ['finance', 'unit'],
  answer_warnings: ['finance', 'unit', 'supervisor'],
  handle_warnings: ['finance', 'supervisor'],
  audit: ['finance', 'auditor', 'supervisor', 'admin'],
  read_access_log: ['auditor', 'supervisor', 'admin'],
  read_metrics: ['supervisor', 'admin'],
  manage_accounts: ['admin'],
  read_administration: ['auditor', 'admin'],
}

export type Reach = 'all' | 'own' | 'none'

export function reachOf(role: Role, action: Action): Reach {
  if (!MAY[action].includes(role)) return 'none'
  return role === 'unit' && action !== 'read_rules' ? 'own' : 'all'
}
