import { expect, test } from 'vitest'
import { entriesOf, literalLike, plainOf, tablesAt, tablesOf, withSettings } from './toml'

const TEXT = `# 本局 2026
off = ["late_entry"]

[rules.idle_funds]
suspended_days = 45 # 会议纪要
words = [
  "甲", # first
  "乙",
]

[[custom]]
id = "own"
why = """
[rules.idle_funds]
suspended_days = 1
"""
[programmes."重大专项".rules.idle_funds.levels]
red = "300"
`

test('values are found with their places, and what is within a text or a list of tables is none', () => {
  const found = entriesOf(TEXT).map((each) => [each.path.join('/'), each.literal])
  expect(found).toEqual([
    ['off', '["late_entry"]'],
    ['rules/idle_funds/suspended_days', '45'],
    ['rules/idle_funds/words', '[ "甲", "乙", ]'],
    ['programmes/重大专项/rules/idle_funds/levels/red', '"300"'],
  ])
})

test('a value is set where it stands, and nothing else changes', () => {
  const changed = withSettings(TEXT, [{ path: ['rules', 'idle_funds', 'suspended_days'], literal: '60' }])
  expect(changed).toBe(TEXT.replace('suspended_days = 45 # 会议纪要', 'suspended_days = 60'))
})

test('a new value goes to its table, and to a table of its own where there is none', () => {
  const changed = withSettings(TEXT, [
    { path: ['programmes', '重大专项', 'rules', 'idle_funds', 'levels', 'blue'], literal: '"60"' },
    { path: ['rules', 'execution_lag', 'least_budget'], literal: '"1"' },
  ])
  expect(changed.endsWith('red = "300"\nblue = "60"\n\n[rules.execution_lag]\nleast_budget = "1"\n')).toBe(true)
  expect(withSettings('', [{ path: ['programmes', '一般 项目', 'rules', 'x', 'days'], literal: '1' }])).toBe('[programmes."一般 项目".rules.x]\ndays = 1\n')
})

test('a table that is written with dotted keys goes on in them', () => {
  expect(withSettings('[rules]\nidle_funds.days = 1\n', [{ path: ['rules', 'idle_funds', 'amount'], literal: '"2"' }])).toBe('[rules]\nidle_funds.days = 1\nidle_funds.amount = "2"\n')
})

test('people read and type values without their quotes', () => {
  expect(plainOf('"10000"')).toBe('10000')
  expect(plainOf('60')).toBe('60')
  expect(literalLike('5', '"10000"')).toBe('"5"')
  expect(literalLike('5', '60')).toBe('5')
})

test('a list is read and typed with a line for each item', () => {
  expect(plainOf('["分摊", "share"]')).toBe('分摊\nshare')
  expect(literalLike('分摊\n 公用 \n', '["分摊", "share"]')).toBe('["分摊", "公用"]')
  expect(literalLike('10\n1', '[11, 1]')).toBe('[10, 1]')
})

test('what is switched off stands above every table', () => {
  expect(withSettings('[settings]\nunit_from = 3\n', [{ path: ['off'], literal: '["idle_funds"]' }])).toBe('off = ["idle_funds"]\n[settings]\nunit_from = 3\n')
})

test('lists of tables are found below a rule, and written for a programme', () => {
  const tables = '[[rules.cap.charts]]\nbasis = "财教"\n\n[[rules.cap.charts.steps]]\npercent = "30"'
  const text = `[rules.cap]\ndays = 1\n\n${tables}\n\n[rules.cap.levels]\nred = "1"\n`
  expect(tablesOf(text, ['rules', 'cap'])).toBe(tables)
  expect(tablesOf(text, ['rules', 'other'])).toBe('')
  expect(tablesAt(tables, ['rules', 'cap'], ['programmes', '重大专项', 'rules', 'cap'])).toContain('[[programmes."重大专项".rules.cap.charts.steps]]')
})
