import { expect, it } from 'vitest'
import { blocks, spans } from './markdown'

it('reads headings, paragraphs, lists, tables and code', () => {
  const text = '# A\none\ntwo\n\n- x\n  y\n- z\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\ncode\n```\n## B'
  expect(blocks(text)).toEqual([
    { kind: 'heading', depth: 1, text: 'A' },
    { kind: 'paragraph', text: 'one two' },
    { kind: 'list', items: ['x y', 'z'] },
    { kind: 'table', head: ['a', 'b'], rows: [['1', '2']] },
    { kind: 'code', text: 'code' },
    { kind: 'heading', depth: 2, text: 'B' },
  ])
})

it('marks code within a line', () => {
  expect(spans('a `b` c')).toEqual([
    { text: 'a ', isCode: false },
    { text: 'b', isCode: true },
    { text: ' c', isCode: false },
  ])
})
