// The thresholds of a rule as a form: what is in force, what was typed instead, and how that is written.

import { shallowRef } from 'vue'
import type { Rule } from './api'
import { pick, spaced, words } from './language'
import { entriesOf, itemsOf, linesOf, literalLike, plainOf, type Entry, type Setting } from './toml'

/** Hash of the rule set that has no text: the built-in thresholds. */
export const BUILT_IN = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** The catalogue, once a page has read it: rules are called by their names. */
export const catalogue = shallowRef<readonly Rule[]>([])

export function ruleTitle(name: string): string {
  const rule = catalogue.value.find((each) => each.name === name)
  return rule ? `${rule.code} ${pick(rule.zh, rule.en)}` : name
}

/** One value of a rule. */
export interface Threshold {
  /** Below the rule: `['levels', 'red']`. */
  keys: string[]
  /** As it is in force, written as TOML. */
  literal: string
}

/** The single values of a rule's thresholds; lists of tables among them are not for a form. */
export function thresholdsOf(text: string): Threshold[] {
  return entriesOf(text).map(({ path, literal }) => ({ keys: path.slice(2), literal }))
}

const COLOURS = ['blue', 'yellow', 'orange', 'red']
/** Colours in their order, everything else as it comes. */
export function inOrder(thresholds: Threshold[]): Threshold[] {
  const rank = ({ keys }: Threshold) => COLOURS.indexOf(keys.at(-1)!)
  return [...thresholds].sort((a, b) => a.keys.length - b.keys.length || (a.keys.length > 1 && a.keys[0] === b.keys[0] ? rank(a) - rank(b) : 0))
}

/** The same with what a programme has of its own. */
export function ofProgramme(thresholds: Threshold[], inForce: Entry[], programme: string, rule: string): Threshold[] {
  const own = new Map(inForce.filter(({ path }) => path[0] === 'programmes' && path[1] === programme && path[2] === 'rules' && path[3] === rule).map(({ path, literal }) => [path.slice(4).join('.'), literal]))
  return thresholds.map((each) => ({ ...each, literal: own.get(each.keys.join('.')) ?? each.literal }))
}

export function programmesIn(inForce: Entry[]): string[] {
  return [...new Set(inForce.filter(({ path }) => path[0] === 'programmes').map(({ path }) => path[1]!))]
}

/** Where a value of a rule, or of a programme's rule, stands in a rule set. */
export function settingOf(threshold: Threshold, typed: string, rule: string, programme: string): Setting {
  const head = programme ? ['programmes', programme, 'rules', rule] : ['rules', rule]
  return { path: [...head, ...threshold.keys], literal: literalLike(typed, threshold.literal) }
}

/** Whether it is where a colour begins. */
export const isColour = ({ keys }: Threshold): boolean => COLOURS.includes(keys.at(-1)!)
/** How a colour is written that is never given. */
const NEVER = 'never'
/** What is wrong with what was typed for a value: it must be a number where a number stands. */
export function isUnfit(typed: string, { keys, literal }: Threshold): boolean {
  const items = itemsOf(literal)
  if (items) return linesOf(typed).some((line) => isUnfit(line, { keys, literal: items[0]! }))
  if (isColour({ keys, literal })) return typed !== NEVER && !DECIMAL.test(typed)
  if (/^-?\d+$/.test(literal)) return !/^-?\d+$/.test(typed)
  return DECIMAL.test(plainOf(literal)) && !DECIMAL.test(typed)
}
const DECIMAL = /^-?\d+(\.\d+)?$/

/** The word for a value, within a table of colours with the colour. */
export function nameOf(keys: readonly string[]): string {
  const say = words.value.thresholds
  const last = keys.at(-1)!
  const own = say.names[last] ?? spaced(last)
  if (keys.length === 1) return own
  const colour = words.value.levelsShort[last as 'red']
  const group = say.names[keys[0]!] ?? spaced(keys[0]!)
  return `${group}${words.value.mark.colon}${colour ?? own}`
}

/** A place of a rule set in words: `rules.idle_funds.suspended_days`. */
export function placeInWords(place: string): string {
  const found = /^(?:programmes\.(?<programme>.+?)\.)?rules\.(?<rule>[a-z_]+)\.(?<keys>.+)$/.exec(place)?.groups
  const off = /^programmes\.(.+)\.off$/.exec(place)
  if (off) return `${off[1]}${words.value.mark.comma}${words.value.thresholds.places.off}`
  if (!found) return words.value.thresholds.places[place] ?? place
  const head = found.programme ? `${found.programme}${words.value.mark.comma}` : ''
  return `${head}${ruleTitle(found.rule!)}${words.value.mark.comma}${nameOf(found.keys!.split('.'))}`
}
