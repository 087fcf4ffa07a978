import { expect, it } from 'vitest'
import { ACTS, bodyOf, missing } from './acts'

const act = (name: string) => ACTS.find((each) => each.name === name)!

it('asks for a reason before a warning is lifted or dismissed', () => {
  for (const name of ['lift', 'dismiss']) {
    expect(missing(act(name), { cause: '  ' })).toEqual(['cause'])
    expect(missing(act(name), { cause: '已整改' })).toEqual([])
  }
})

it('sends items as a list and leaves out what is empty', () => {
  expect(bodyOf(act('rectification'), { items: ' a \n\nb', due_on: '2024-12-31' })).toEqual({ items: ['a', 'b'], due_on: '2024-12-31' })
  expect(bodyOf(act('acknowledge'), { text: '' })).toEqual({})
})
