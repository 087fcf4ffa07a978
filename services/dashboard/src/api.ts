// Speaks with karez: one place that fetches, and the shapes of the answers that the pages read.

import { ref } from 'vue'
import { language } from './preferences'

/** Why an answer did not come; `unreachable` where there was none at all. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly pointer?: string,
  ) {
    super(detail)
  }

  /** The server is of a version that does not have this address yet. */
  get isAbsent(): boolean {
    return this.code === 'no_such_resource' || this.status === 405
  }

  get isUnreachable(): boolean {
    return this.status === 0
  }
}

/** Whether the last request reached the service. */
export const isReachable = ref(true)
/** Whether somebody must sign in before anything is answered. */
export const mustSignIn = ref(false)

interface Sent {
  signal?: AbortSignal
  method?: 'GET' | 'POST' | 'DELETE'
  body?: unknown
  key?: string
}

export async function ask<T>(path: string, { signal, method = 'GET', body, key }: Sent = {}): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json', 'accept-language': language.value === 'zh' ? 'zh-CN' : 'en' }
  if (method !== 'GET') headers['x-karez-request'] = '1'
  if (body !== undefined) headers['content-type'] = 'application/json'
  if (key !== undefined) headers['idempotency-key'] = key
  let response: Response
  try {
    response = await fetch(path, { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) })
  } catch (error) {
    if (signal?.aborted) throw error
    isReachable.value = false
    throw new Problem(0, 'unreachable', '')
  }
  isReachable.value = true
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T
  const told = (await response.json().catch(() => ({}))) as Record<string, string>
  if (response.status === 401 && method === 'GET') mustSignIn.value = true
  throw new Problem(response.status, told.code ?? String(response.status), told.detail ?? response.statusText, told.pointer)
}

/** A fresh key under which a fact lands once. */
export function freshKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return `dashboard/${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

/** A path with its parameters; those without a value are left out. */
export function address(path: string, parameters: Record<string, string | number | undefined>): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== '')
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)]))
  return given.length ? `${path}?${query}` : path
}

export interface Stand {
  position: number
  as_of: string
  known_at: string
  data_as_at: string | null
}

export interface Rate {
  figure: string
  level: string
  numerator_name: string
  numerator: string
  denominator_name: string
  denominator: string
  rate_percent: string | null
  residue: string
  is_denominator_incomplete: boolean
}

export interface Sum {
  currency: string
  projects: number
  amounts: Record<string, string>
  rates: Rate[]
  benchmark: { mode: string; percent: string | null } | null
  weighted_benchmark_percent: string | null
  deviation_pp: string | null
  forecast: Forecast | null
}

export interface Forecast {
  low: string | null
  high: string | null
  low_percent: string | null
  high_percent: string | null
  catch_up_times: string | null
}

export interface Figures extends Sum {
  is_exempt: boolean
  basis: 'year' | 'life'
  execution_figure: string | null
  idle: { since: string; days: number; yuan_days: string } | null
}

export interface Overview extends Stand {
  funds: number
  units: number
  projects: number
  applications: number
  open_warnings: number
  states: { state: string; projects: number }[]
  currencies: Sum[]
}

export interface List<T> extends Stand {
  items: T[]
  total?: number
  next_cursor?: string | null
}

export interface ProjectRow {
  id: string
  title: string
  unit: string | null
  unit_name: string | null
  fund: string | null
  programme: string | null
  parent: string | null
  state: string
  currencies: Figures[]
}

export interface FundRow {
  id: string
  name: string
  department: string | null
  parent: string | null
  established_on: string
  currencies: Sum[]
}

export interface UnitRow {
  id: string
  name: string | null
  projects: number
  currencies: Sum[]
}

export interface Line {
  source: string
  category: string | null
  budget: string
  spent: string
  committed: string
  is_budgeted: boolean
  rate: Rate
  deviation_percent: string | null
}

export interface Tranche {
  tranche_no: string | null
  arrived_on: string
  amount: string
  spent: string
  taken_back: string
  balance: string
  days: number
  two_year_deadline: string | null
}

export interface ProjectDetail extends Stand {
  id: string
  title: string
  state: string
  approval: { unit: string; fund?: string; programme?: string; principal?: unknown; amount: string; planned_start_on?: string; planned_end_on?: string } | null
  unit_name: string | null
  eligible_from_on: string | null
  started_on: string | null
  end_on: string | null
  closed_on: string | null
  disbursement_suspended_on: string | null
  parts: string[]
  currencies: (Figures & {
    lines: Line[]
    tranches: Tranche[]
    pre_start: { eligible_from_on: string | null; spent: SourceAmount[]; uncovered: SourceAmount[] }
  })[]
  warnings: { id: string; rule: string; level: string; raised_on: string; is_open: boolean; sentence_zh: string; sentence_en: string }[]
  events: number
}

interface SourceAmount {
  source: string
  amount: string
}

export interface Recorded {
  position: number
  stream: string
  version: number
  event_id: string
  type: string
  occurred_on: string
  recorded_at: string
  data: Record<string, unknown>
  metadata: Record<string, unknown>
  hash: string
}

export interface Warning {
  id: string
  rule: string
  code: string | null
  title_zh: string | null
  title_en: string | null
  project: string | null
  project_title: string | null
  unit: string | null
  unit_name: string | null
  fund: string | null
  level: string
  is_open: boolean
  raised_on: string
  level_since_on: string
  inhibited_by: string | null
  sentence_zh: string
  sentence_en: string
  acknowledge_by: string | null
  acknowledged_at: string | null
  handle_by: string | null
  is_overdue: boolean
  assignee: string | null
  answer: string | null
  rectification: { order: { items: string[]; due_on: string }; reported_on: string | null; accepted_on: string | null } | null
  escalated_to: string | null
  ending: { kind: string; on: string } | null
}

export interface WarningDetail extends Stand, Warning {
  levels: [string, string][]
  episode: number
  rule_version: number
  thresholds_hash: string
  known_at_position: number
  evidence: { formula: string; threshold: string; basis: string; figures?: Record<string, string>; facts?: string[] } | null
}

export interface Rule {
  code: string
  name: string
  zh: string
  en: string
  runs: string
  clears: string
  is_on: boolean
  version: number
  open_warnings: number
}

export interface Rejection {
  rejection_id: string
  stream: string | null
  received_at: string
  source: string
  code: string
  pointer: string
  message_zh: string
  message_en: string
  content: unknown
  row: string | null
}

export interface Receipt {
  event_id: string
  position: number
  replayed?: boolean
}
