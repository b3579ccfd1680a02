// What the phone tells the screens: shapes only. The Rust side is `sync-protocol/wasm` and `sync-protocol/src/field`.

import type { Words } from './fault'
import type { Value } from './form'

export interface Scope {
  village: number
  round: string
}

/** How things stand, in a few numbers. */
export interface Stands {
  epoch: number
  households: number
  waiting: number
  scopes: Scope[]
  clock_offset_ms: number | null
  has_put_off: boolean
}

/** What one request and its answer came to. */
export interface Turn {
  go_on: boolean
  sent: number
  waiting: number
  rows: number
  clock_offset_ms: number
  remarks: { slug: string; village?: number; is_untrusted: boolean }[]
}

/** What a whole exchange came to. */
export interface Exchanged {
  sent: number
  waiting: number
  remarks: Turn['remarks']
  clockOffsetMs: number
  bytesUp: number
  bytesDown: number
  roundTrips: number
  cuts: number
}

/** The list as the core packs it. */
export interface PackedList {
  fields: string[]
  scopes: Scope[]
  rows: unknown[][]
}

/** Where a household stands. */
export type Whereabouts = 'phone' | 'server' | 'needs_you'

/** A line of the list. */
export interface Line {
  household: string
  scope: Scope
  head: string | null
  address: string | null
  stands: Whereabouts
  waiting: number
  reasons: string[]
  outcome: string | null
  answered: number
  asked: number
  /** Head and address as they are searched. */
  search: string
}

export interface Reason {
  slug: string
  words: Words
}

/** A household as the core shows it. */
export interface Household {
  household: string
  form: string
  answers: Record<string, Value>
  members: Record<string, Record<string, Value>>
  visits: Record<string, Record<string, Value>>
  notes?: Record<string, { text: string }>
  disagreements: { id: string; section: string; questions: string[] }[]
  standing: { head: string | null; stands: Whereabouts; words: Words; waiting: number; reasons: Reason[] } | null
}
