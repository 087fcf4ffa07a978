// Values in the TOML text of a rule set, read and changed line by line: whatever else an office wrote there, its comments
// included, stays as it is. What a line cannot show (inline tables) is left to the service, which refuses it with a reason.

export interface Entry {
  path: string[]
  /** As it is written: `"10000"`, `60`, `[11, 1]`. */
  literal: string
  /** Up to the key's last part, so that a sibling can be written the same way. */
  prefix: string
  first: number
  last: number
}

const KEY = String.raw`(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')`
const KEYS = String.raw`${KEY}(?:\s*\.\s*${KEY})*`
const HEADER = new RegExp(String.raw`^\s*(\[\[?)\s*(${KEYS})\s*\]`)
const ASSIGNMENT = new RegExp(String.raw`^\s*(${KEYS})\s*=\s*(.*)$`)
const LITERAL = /^(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^#]*)/
const TRIPLE = /"""|'''/g

function keysOf(text: string): string[] {
  return [...text.matchAll(new RegExp(KEY, 'g'))].map(([key]) => (key.startsWith('"') ? (JSON.parse(key) as string) : key.startsWith("'") ? key.slice(1, -1) : key))
}

function isOpen(literal: string): boolean {
  const bare = literal.replace(/"(?:[^"\\]|\\.)*"|'[^']*'/g, '')
  return bare.split('[').length > bare.split(']').length
}

interface Read {
  entries: Entry[]
  sections: { path: string[]; line: number; isOfList: boolean }[]
}

function read(lines: string[]): Read {
  const found: Read = { entries: [], sections: [] }
  let within: string[] | undefined = []
  for (let line = 0; line < lines.length; line += 1) {
    const text = lines[line]!
    const header = HEADER.exec(text)
    if (header) {
      // Of a list of tables no single one can be named.
      const path = keysOf(header[2]!)
      const isOfList = header[1] === '[[' || found.sections.some((each) => each.isOfList && each.path.length < path.length && begins(path, each.path))
      within = isOfList ? undefined : path
      found.sections.push({ path, line, isOfList })
      continue
    }
    const assignment = ASSIGNMENT.exec(text)
    if (!assignment) continue
    const first = line
    let literal = LITERAL.exec(assignment[2]!)![0].trim()
    if ((assignment[2]!.match(TRIPLE) ?? []).length % 2 === 1) {
      while (line + 1 < lines.length && !(lines[(line += 1)]!.match(TRIPLE) ?? []).length);
      literal = lines.slice(first, line + 1).join('\n').replace(/^[^=]*=\s*/, '')
    }
    while (literal.startsWith('[') && isOpen(literal) && line + 1 < lines.length) literal += ` ${lines[(line += 1)]!.replace(/#.*$/, '').trim()}`
    const keys = keysOf(assignment[1]!)
    if (within) found.entries.push({ path: [...within, ...keys], literal, prefix: text.slice(0, text.indexOf(assignment[1]!) + assignment[1]!.search(new RegExp(`${KEY}$`))), first, last: line })
  }
  return found
}

/** Every value that stands in a text, with its place. */
export function entriesOf(text: string): Entry[] {
  return read(text.split('\n')).entries
}

export interface Setting {
  path: string[]
  literal: string
}

const begins = (path: readonly string[], head: readonly string[]) => head.every((key, index) => key === path[index])
const isSame = (left: readonly string[], right: readonly string[]) => left.length === right.length && left.every((key, index) => key === right[index])
const written = (key: string) => (/^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key))

/** The text with some values set, each where its table already stands, or in a table of its own at the end. */
export function withSettings(text: string, settings: readonly Setting[]): string {
  const lines = text.trimEnd() === '' ? [] : text.trimEnd().split('\n')
  for (const { path, literal } of settings) {
    const { entries, sections } = read(lines)
    const [table, key] = [path.slice(0, -1), path.at(-1)!]
    const entry = entries.find((each) => isSame(each.path, path))
    const sibling = entries.findLast((each) => isSame(each.path.slice(0, -1), table))
    const section = sections.find((each) => !each.isOfList && isSame(each.path, table))
    if (entry) lines.splice(entry.first, entry.last - entry.first + 1, `${entry.prefix}${written(key)} = ${literal}`)
    else if (sibling) lines.splice(sibling.last + 1, 0, `${sibling.prefix}${written(key)} = ${literal}`)
    else if (!table.length) lines.unshift(`${written(key)} = ${literal}`)
    else if (section) lines.splice(section.line + 1, 0, `${written(key)} = ${literal}`)
    else lines.push(...(lines.length ? [''] : []), `[${table.map(written).join('.')}]`, `${written(key)} = ${literal}`)
  }
  return `${lines.join('\n')}\n`
}

/** The lists of tables below a place, as they are written; empty where there is none. */
export function tablesOf(text: string, head: readonly string[]): string {
  const lines = text.split('\n')
  const { sections } = read(lines)
  const found = sections.flatMap((each, index) => (each.isOfList && begins(each.path, head) ? lines.slice(each.line, sections[index + 1]?.line) : []))
  return found.join('\n').trim()
}

/** The same lists at another place. */
export function tablesAt(tables: string, head: readonly string[], to: readonly string[]): string {
  const lines = tables.split('\n')
  for (const { path, line, isOfList } of read(lines).sections) {
    if (!begins(path, head)) continue
    const [open, close] = isOfList && /^\s*\[\[/.test(lines[line]!) ? ['[[', ']]'] : ['[', ']']
    lines[line] = `${open}${[...to, ...path.slice(head.length)].map(written).join('.')}${close}`
  }
  return lines.join('\n')
}

const ITEM = /"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,[\]]+/g
/** The items of a list of words or numbers as they are written; none where it is another list, or no list. */
export function itemsOf(literal: string): string[] | undefined {
  if (!/^\[.*\]$/s.test(literal) || /^\[\s*[[{]/.test(literal)) return undefined
  const items = literal.slice(1, -1).match(ITEM) ?? []
  return items.length ? items : undefined
}

/** A value as people read and type it; of a list each item has a line. */
export function plainOf(literal: string): string {
  const items = itemsOf(literal)
  if (items) return items.map(plainOf).join('\n')
  if (literal.startsWith('"') && !literal.startsWith('"""')) return JSON.parse(literal) as string
  return literal.startsWith("'") && !literal.startsWith("'''") ? literal.slice(1, -1) : literal
}

/** What was typed, written as the value that it takes the place of. */
export function literalLike(typed: string, before: string): string {
  const items = itemsOf(before)
  if (items) return `[${linesOf(typed).map((line) => literalLike(line, items[0]!)).join(', ')}]`
  return before.startsWith('"') || before.startsWith("'") ? JSON.stringify(typed) : typed
}

/** What stands on the lines of a text. */
export function linesOf(text: string): string[] {
  return text.split('\n').map((line) => line.trim()).filter(Boolean)
}
