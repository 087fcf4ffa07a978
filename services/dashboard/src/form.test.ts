import { expect, it } from 'vitest'
import { bodyOf, fieldAt, keyOf, troubles, type ExpenditureForm } from './form'

const form: ExpenditureForm = {
  project: 'P1', occurred_on: '2024-12-31', amount: '1,234.50', source: 'fiscal_current', category: '', voucher_no: '记-0001', line_no: '2', invoice_no: '', payee: '张三', purpose: '', reason: '',
}

it('sends amounts as text, lines as numbers, and nothing that is empty', () => {
  expect(bodyOf(form)).toEqual({
    occurred_on: '2024-12-31', amount: '1234.50', source: 'fiscal_current', voucher_no: '记-0001', line_no: 2, payee: { name: '张三' },
  })
})

it('finds what is missing or wrong before it is sent', () => {
  expect(troubles(form)).toEqual({})
  expect(troubles({ ...form, project: '', amount: '12万', line_no: '0', occurred_on: '' })).toEqual({
    project: 'required', amount: 'badAmount', line_no: 'badLine', occurred_on: 'required',
  })
  expect(troubles({ ...form, amount: '0.00' })).toEqual({ amount: 'badAmount' })
})

it('makes one key of a voucher and its line, in ASCII', () => {
  expect(keyOf(form)).toBe('dashboard/%E8%AE%B0-0001/2')
  expect(keyOf({ ...form, voucher_no: ' 7 ', line_no: '' })).toBe('dashboard/7/1')
})

it('knows the field that a refusal points at', () => {
  expect(fieldAt('/amount', form)).toBe('amount')
  expect(fieldAt('/payee/name', form)).toBe('payee')
  expect(fieldAt('/event_id', form)).toBeUndefined()
  expect(fieldAt(undefined, form)).toBeUndefined()
})
