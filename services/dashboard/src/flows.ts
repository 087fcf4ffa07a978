// Fiscal money from funds through units to its uses, as the links of a drawing; small units stand together.

import type { CurrencyFlows } from './api'
import { compare, isNegative, isZero, subtract, sum } from './money'

export interface Node {
  id: string
  name: string
  /** 0 a fund, 1 a unit, 2 a use. */
  depth: 0 | 1 | 2
}

export interface Link {
  source: string
  target: string
  amount: string
}

export interface Names {
  noFund: string
  otherUnits: string
  noCategory: string
  takenBack: string
  balance: string
}

const OTHERS = 'unit:'

/** What flows, the largest `most` units by name. What was spent beyond what arrived has no source and is not drawn. */
export function flowsOf({ arrivals, units }: CurrencyFlows, most: number, names: Names): { nodes: Node[]; links: Link[] } {
  const arrived = (unit: string) => sum(arrivals.filter((flow) => flow.unit === unit).map((flow) => flow.arrived)) ?? '0'
  const ranked = [...units].sort((left, right) => compare(arrived(left.unit), arrived(right.unit), true))
  const named = new Map(ranked.slice(0, ranked.length > most ? most - 1 : most).map((each) => [each.unit, each.unit_name ?? each.unit]))
  const nodes = new Map<string, Node>()
  const links = new Map<string, Link>()
  const node = (id: string, name: string, depth: Node['depth']) => {
    nodes.set(id, { id, name, depth })
    return id
  }
  const flow = (source: string, target: string, amount: string) => {
    const key = `${source}\n${target}`
    links.set(key, { source, target, amount: sum([links.get(key)?.amount, amount]) ?? '0' })
  }
  const unitNode = (unit: string) => (named.has(unit) ? node(`${OTHERS}${unit}`, named.get(unit)!, 1) : node(OTHERS, names.otherUnits, 1))
  for (const each of arrivals) flow(node(`fund:${each.fund ?? ''}`, each.fund_name ?? each.fund ?? names.noFund, 0), unitNode(each.unit), each.arrived)
  for (const each of ranked) {
    const unit = unitNode(each.unit)
    for (const { category, amount } of each.spent) flow(unit, node(`use:${category ?? ''}`, category ?? names.noCategory, 2), amount)
    flow(unit, node('use/back', names.takenBack, 2), each.taken_back)
    flow(unit, node('use/left', names.balance, 2), each.balance)
  }
  const drawn = [...links.values()].filter(({ amount }) => !isZero(amount) && !isNegative(amount))
  const used = new Set(drawn.flatMap(({ source, target }) => [source, target]))
  return { nodes: [...nodes.values()].filter(({ id }) => used.has(id)), links: drawn }
}

/** What leaves a node on the left, or comes in where nothing leaves. */
export function throughput(id: string, links: readonly Link[]): string {
  const out = sum(links.filter((link) => link.source === id).map((link) => link.amount)) ?? '0'
  const into = sum(links.filter((link) => link.target === id).map((link) => link.amount)) ?? '0'
  return isNegative(subtract(out, into)) ? into : out
}
