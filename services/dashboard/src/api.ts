// Speaks with karez: one place that fetches. What is answered has the shapes of openapi.ts, which `npm run client` makes from the
// server's own description.

import { ref } from 'vue'
import type { components, operations } from './openapi'
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
  /** Sent as it is, under its own type. */
  file?: Blob
  key?: string
}

export async function ask<T>(path: string, { signal, method = 'GET', body, file, key }: Sent = {}): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json', 'accept-language': language.value === 'zh' ? 'zh-CN' : 'en' }
  if (method !== 'GET') headers['x-karez-request'] = '1'
  if (body !== undefined) headers['content-type'] = 'application/json'
  if (file !== undefined) headers['content-type'] = file.type
  if (key !== undefined) headers['idempotency-key'] = key
  let response: Response
  try {
    response = await fetch(path, { method, headers, signal, body: file ?? (body === undefined ? undefined : JSON.stringify(body)) })
  } catch (error) {
    if (signal?.aborted) throw error
    isReachable.value = false
    throw new Problem(0, 'unreachable', '')
  }
  isReachable.value = true
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T
  const told = (await response.json().catch(() => ({}))) as Record<string, string>
  // A name or a password that is wrong is told where it was typed.
  if (response.status === 401 && (method === 'GET' || !path.startsWith('/v1/session'))) mustSignIn.value = true
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

type Schemas = components['schemas']

export type Stand = Schemas['Stand']
export type Rate = Schemas['RateView']
export type AmountName = keyof Schemas['AmountsView']
export type Sum = Schemas['SumView']
export type Forecast = Schemas['ForecastView']
export type Figures = Schemas['ProjectFigures']
export type Course = Schemas['CourseView']
/** The end of a month, or the business date. */
export type Month = Schemas['MonthView']
export type Year = Schemas['YearView']
export type Flows = Schemas['FlowsView']
export type CurrencyFlows = Schemas['CurrencyFlows']
export type Subtotals = Schemas['SubtotalList']
export type Overview = Schemas['OverviewView']
export type ProjectRow = Schemas['ProjectRow']
export type FundRow = Schemas['FundView']
export type UnitRow = Schemas['UnitView']
export type Line = Schemas['LineView']
export type Tranche = Schemas['TrancheView']
export type ProjectDetail = Schemas['ProjectDetail']
export type Recorded = Schemas['EventView']
export type Warning = Schemas['WarningView']
export type WarningDetail = Schemas['WarningDetail']
export type Session = Schemas['Session']
export type Action = Schemas['Action']
export type Ways = Schemas['Ways']
export type Preview = Schemas['PreviewView']
export type Change = Schemas['ChangeView']
export type Import = Schemas['ImportView']
export type Rule = Schemas['RuleView']
export type RuleList = Schemas['RuleList']
export type RuleDetail = Schemas['RuleDetail']
export type Proposal = Schemas['ProposalView']
export type ProposalDetail = Schemas['ProposalDetail']
export type Backtest = Schemas['Report']
/** When a warning was raised and how high, under one rule set; the description leaves it open. */
export interface RaisedCase {
  on: string
  level: string
  highest_level: string
}
export type Role = Schemas['Role']
export type User = Schemas['UserView']
export type NewUser = Schemas['HandedOver']
export type ChangedUser = Schemas['ChangedUser']
export type CheckedChange = Schemas['CheckedChange']
export type Key = Schemas['KeyView']
export type NewKey = Schemas['HandedOverKey']
export type AdministrationChange = Schemas['AdministrationChange']
export type SystemHealth = Schemas['System']
export type Verification = Schemas['VerificationView']
export type Checkpoint = Schemas['CheckpointView']
export type Proof = Schemas['ProofView']
export type Unmasked = Schemas['Unmasked']
export type AuditedRead = Schemas['ReadView']
export type Rejection = Schemas['RejectionView']
/** Where a posted fact is; `replayed` where it was recorded before. */
export type Receipt = operations['post_projects_id_expenditures']['responses'][201]['content']['application/json']

/** A page of a list; those that are whole have no more to come. */
export interface List<T> extends Stand {
  items: T[]
  total?: number
  next_cursor?: string | null
}
