// The little Markdown that manuals are written in, as a list of blocks; nothing becomes HTML but through Vue.

export type Block =
  | { kind: 'heading'; depth: number; text: string }
  | { kind: 'paragraph'; text: string }
  | { kind: 'list'; items: string[] }
  | { kind: 'table'; head: string[]; rows: string[][] }
  | { kind: 'code'; text: string }

export function blocks(markdown: string): Block[] {
  const found: Block[] = []
  const lines = markdown.split('\n')
  let index = 0
  while (index < lines.length) {
    const line = lines[index]!
    const heading = /^(#{1,6})\s+(.*)$/.exec(line)
    if (!line.trim()) {
      index += 1
    } else if (heading) {
      found.push({ kind: 'heading', depth: heading[1]!.length, text: heading[2]! })
      index += 1
    } else if (line.startsWith('```')) {
      const end = lines.findIndex((each, at) => at > index && each.startsWith('```'))
      const until = end < 0 ? lines.length : end
      found.push({ kind: 'code', text: lines.slice(index + 1, until).join('\n') })
      index = until + 1
    } else {
      const part: string[] = []
      while (index < lines.length && lines[index]!.trim() && !/^(#{1,6}\s|```)/.test(lines[index]!)) {
        part.push(lines[index]!)
        index += 1
      }
      found.push(block(part))
    }
  }
  return found
}

function block(lines: string[]): Block {
  if (lines.length > 1 && lines.every((line) => line.trim().startsWith('|'))) {
    const cells = lines.map((line) => line.trim().replace(/^\||\|$/g, '').split('|').map((cell) => cell.trim()))
    return { kind: 'table', head: cells[0]!, rows: cells.slice(2) }
  }
  if (/^\s*[-*] /.test(lines[0]!)) {
    const items: string[] = []
    for (const line of lines) {
      if (/^\s*[-*] /.test(line)) items.push(line.replace(/^\s*[-*] /, ''))
      else items[items.length - 1] += ` ${line.trim()}`
    }
    return { kind: 'list', items }
  }
  return { kind: 'paragraph', text: lines.join(' ') }
}

/** Text and code within a line. */
export function spans(text: string): { text: string; isCode: boolean }[] {
  return text
    .split(/(`[^`]+`)/)
    .filter(Boolean)
    .map((part) => (part.startsWith('`') ? { text: part.slice(1, -1), isCode: true } : { text: part, isCode: false }))
}
