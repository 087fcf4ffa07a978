// What a dialog asks for.

export type Filled = Record<string, string>

export interface Choice {
  value: string
  label: string
}

export interface Field {
  /** As the service calls it, so that what it refuses finds its field. */
  name: string
  label: string
  kind?: 'area' | 'day' | 'count'
  isRequired?: boolean
  first?: string
  help?: string
  /** One of these. */
  options?: Choice[]
  /** Any text; these are offered. */
  choices?: Choice[]
  /** Whether what else is filled in calls for it. */
  isAsked?: (filled: Filled) => boolean
}

/** One thing that a dialog asks about and then does. */
export interface Question {
  title: string
  lead?: string
  fields?: Field[]
  send: (filled: Filled) => Promise<void>
}
