// What an expenditure form holds and what can be said about it before it is sent.

import { isDay } from './dates'
import { isZero, typedAmount } from './money'

export interface ExpenditureForm {
  project: string
  occurred_on: string
  amount: string
  source: string
  category: string
  voucher_no: string
  line_no: string
  invoice_no: string
  payee: string
  purpose: string
  reason: string
}

export type Trouble = 'required' | 'badAmount' | 'badLine'
export type FormField = keyof ExpenditureForm

export function troubles(form: ExpenditureForm): Partial<Record<FormField, Trouble>> {
  const found: Partial<Record<FormField, Trouble>> = {}
  if (!form.project.trim()) found.project = 'required'
  if (!isDay(form.occurred_on)) found.occurred_on = 'required'
  if (!form.voucher_no.trim()) found.voucher_no = 'required'
  const amount = typedAmount(form.amount)
  if (!form.amount.trim()) found.amount = 'required'
  else if (amount === undefined || isZero(amount)) found.amount = 'badAmount'
  if (form.line_no.trim() && !/^[1-9]\d{0,8}$/.test(form.line_no.trim())) found.line_no = 'badLine'
  return found
}

/** The body to send. Texts stay texts; what is empty is left out. */
export function bodyOf(form: ExpenditureForm): Record<string, unknown> {
  const texts = ['source', 'category', 'voucher_no', 'invoice_no', 'purpose', 'reason'] as const
  const given = texts.map((name) => [name, form[name].trim()] as const).filter(([, value]) => value !== '')
  return {
    occurred_on: form.occurred_on,
    amount: typedAmount(form.amount),
    ...Object.fromEntries(given),
    ...(form.line_no.trim() ? { line_no: Number(form.line_no) } : {}),
    ...(form.payee.trim() ? { payee: { name: form.payee.trim() } } : {}),
  }
}

/** The voucher is the key, as in the unit's own books: typed twice, it lands once. */
export function keyOf(form: ExpenditureForm): string {
  const key = `dashboard/${form.voucher_no.trim()}/${form.line_no.trim() || '1'}`
  // A header holds ASCII only.
  return encodeURI(key)
}

/** The field that a refusal points at. */
export function fieldAt(pointer: string | undefined, form: ExpenditureForm): FormField | undefined {
  const names = pointer?.split('/').filter(Boolean) ?? []
  return names.find((name): name is FormField => name in form)
}
