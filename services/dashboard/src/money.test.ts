import { describe, expect, it } from 'vitest'
import { amount, compare, figure, forDrawing, isNegative, percent, plainAmount, subtract, sum, typedAmount } from './money'

describe('amounts', () => {
  it('are printed in 元, 万元 and 亿元 with two decimals', () => {
    expect(amount('12890000', 'wan')).toBe('1,289.00')
    expect(amount('2257862.1', 'yuan')).toBe('2,257,862.10')
    expect(amount('2257862.1', 'wan')).toBe('225.79')
    expect(amount('12890000', 'yi')).toBe('0.13')
  })

  it('are rounded once, half away from zero', () => {
    expect(amount('50', 'wan')).toBe('0.01')
    expect(amount('49.999999', 'wan')).toBe('0.00')
    expect(amount('-50', 'wan')).toBe('-0.01')
    expect(amount('1.005', 'yuan')).toBe('1.01')
    expect(amount('-49', 'wan')).toBe('0.00')
  })

  it('keep every digit that a float would lose', () => {
    expect(amount('90071992547409931234.56', 'yuan')).toBe('90,071,992,547,409,931,234.56')
    expect(plainAmount('90071992547409931234.56', 'wan')).toBe('9007199254740993.123456')
  })

  it('are blank where there is none and a dash where undefined', () => {
    expect(amount(undefined, 'wan')).toBe('')
    expect(amount(null, 'wan')).toBe('—')
    expect(percent(null)).toBe('—')
    expect(percent(undefined)).toBe('')
  })

  it('refuse what is no decimal', () => {
    for (const text of ['1e5', 'NaN', '1,000', '.5', '5.', ' 5']) expect(() => amount(text, 'wan')).toThrow(RangeError)
  })
})

describe('rates', () => {
  it('keep two decimals', () => {
    expect(percent('53.78')).toBe('53.78%')
    expect(percent('100')).toBe('100.00%')
    expect(figure('-40.82')).toBe('-40.82')
  })
})

describe('order and sums', () => {
  it('compare exactly and put what is undefined last either way', () => {
    expect(['10', '9.99', null, '-3', '10.00'].sort((a, b) => compare(a, b))).toEqual(['-3', '9.99', '10', '10.00', null])
    expect([null, '1', '2'].sort((a, b) => compare(a, b, true))).toEqual(['2', '1', null])
    expect(compare('90071992547409931', '90071992547409930')).toBe(1)
  })

  it('add and subtract exactly', () => {
    expect(sum(['0.1', '0.2', null, undefined])).toBe('0.3')
    expect(sum([null])).toBeUndefined()
    expect(subtract('1000', '1000.01')).toBe('-0.01')
    expect(subtract('5', '5.00')).toBe('0')
  })

  it('know a negative from a zero with a sign', () => {
    expect(isNegative('-0.00')).toBe(false)
    expect(isNegative('-0.01')).toBe(true)
  })
})

describe('what people type', () => {
  it('may have separators and nothing else', () => {
    expect(typedAmount(' 1,234.50 ')).toBe('1234.50')
    expect(typedAmount('1，000')).toBe('1000')
    expect(typedAmount('12万')).toBeUndefined()
    expect(typedAmount('')).toBeUndefined()
  })
})

describe('drawing', () => {
  it('gives numbers for places only', () => {
    expect(forDrawing('12890000', 'wan')).toBe(1289)
    expect(forDrawing(null)).toBeNull()
  })
})
