// The words of the chosen language. Everything shown goes through `words`, so a switch needs no reload.

import { computed } from 'vue'
import { en } from './words/en'
import { zh, type Words } from './words/zh'
import { language } from './preferences'

export const words = computed<Words>(() => (language.value === 'zh' ? zh : en))

/** Puts values into a text with {places}. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place))
}

/** One of two texts that the server sent. */
export function pick(zhText: string, enText: string): string {
  return language.value === 'zh' ? zhText : enText
}

/** A default of the rules that carries both languages, such as `主管领导 director`; what an office wrote stays as it is. */
export function half(text: string): string {
  const [, zhText, enText] = /^(\p{Script=Han}+) ([a-z ]+)$/u.exec(text) ?? []
  return zhText && enText ? pick(zhText, enText) : text
}

/** What a record is of: `project/TLF-2024-001` is 项目 TLF-2024-001. */
export function streamName(stream: string): string {
  const [kind = '', ...id] = stream.split('/')
  return [wordFor(words.value.streams, kind), id.join('/')].filter(Boolean).join(' ')
}

/** The word for a name of the wire; the name itself where there is none. */
export function wordFor(among: Record<string, string>, name: string | null | undefined): string {
  return name ? (among[name] ?? name) : ''
}

/** A name of the wire as it is read, where there is no word for it: `due_on` is "Due on". */
export function spaced(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ')
}
