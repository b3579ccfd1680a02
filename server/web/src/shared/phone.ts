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
  /** Whether the server has more to be read; how much it does not say. */
  more: boolean
  clock_offset_ms: number
  remarks: { slug: string; words: Words; village?: number; is_untrusted: boolean }[]
}

/** Photos that are on this phone only. */
export interface PhotosWaiting {
  count: number
  bytes: number
}

/** How far an exchange is, while it runs. */
export interface Progress extends Pick<Turn, 'sent' | 'waiting' | 'rows' | 'more'> {
  doing: 'entries' | 'photos'
  photos: PhotosWaiting
  bytesUp: number
  bytesDown: number
  cuts: number
}

/** Files of one's own that somebody else carries. */
export interface Packed {
  /** What, whose and when; nobody's name. */
  name: string
  bytes: Uint8Array
  /** Entries or changes in it. */
  count: number
}

/** What a file turned out to be, and what was done with it. */
export type Taken =
  /** A colleague's parcel: it goes to the server with the next line. */
  | { is: 'to_carry' }
  /** The answer to a colleague's parcel: to be handed on. */
  | { is: 'to_hand_on' }
  /** The answer to one's own. */
  | { is: 'answered'; turn: Turn }
  /** What a colleague shared. */
  | { is: 'shared'; shown: number; known: number; left_out: number }

/** A colleague's parcel that this phone carries. */
export interface Carried {
  parcel: string
  stands: 'waits' | 'answered' | 'refused'
  /** Why the server does not take it. */
  words?: Words
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
  /** How much the class rests on and is missing. */
  lacks: number
  /** Head and address as they are searched. */
  search: string
  /** Latitude and longitude of the house in millionths of a degree; null until somebody has measured it there. */
  point: [number, number] | null
}

/** Somebody's vault whose PIN was forgotten: how far it is with being opened. */
export type Opening =
  | { is: 'impossible' }
  | { is: 'not_asked' }
  /** `by`: who has agreed. */
  | { is: 'asked'; code: string; expiresAt: string; by: string[] }
  | { is: 'opened'; by: string[] }
  | { is: 'refused'; by: string[]; reason: string }
  /** Seven days are over, or somebody asked again. */
  | { is: 'over' }

/** Somebody who works on this device. */
export interface Holder {
  id: string
  name: string
  /** When the commune opened their vault last, and who did. */
  opened?: { at: string; by: string[] }
}

export interface Reason {
  slug: string
  words: Words
}

/** A household as the core shows it. */
export interface Household extends Scope {
  household: string
  form: string
  answers: Record<string, Value>
  members?: Record<string, Record<string, Value>>
  visits?: Record<string, Record<string, Value>>
  notes?: Record<string, string>
  confirmed?: Record<string, string>
  disagreements: Disagreement[]
  /** What colleagues have shared of it and the server has not told of yet. */
  colleagues?: { change: string; account: number; device_clock_ms: number }[]
  standing: { head: string | null; stands: Whereabouts; words: Words; waiting: number; reasons: Reason[] } | null
  /** What the server turned away of one's own work, and can be said again. */
  plan: Plan | null
  /** What is changed from now on says that the result was seen. */
  result_seen: boolean
}

/** What people said differently of one section. */
export interface Disagreement {
  id: string
  /** `housing`, `membership`, or `member/` and whose. */
  section: string
  questions: string[]
  touches_roster: boolean
  base: Record<string, Value> | null
  sides: Side[]
}

export interface Side {
  side: number
  value: Record<string, Value> | null
  written_at_s: number[]
  /** Who wrote it, as changes name them. */
  actors: string[]
  is_own: boolean
  /** Every class that is possible if this side holds. */
  classes?: Class[]
}

/** Own work that the server turned away, beside what stands there now. */
export interface Plan {
  id: string
  fields: PlanField[]
}

export interface PlanField {
  /** As in an edit: `answers/tv`. */
  field: string
  state: 'free' | 'changed' | 'stands' | 'impossible'
  accepted: unknown[]
  own: unknown
}

export type Class = 'poor' | 'near_poor' | 'not_poor'

/** What a household comes to, or what is missing. */
export type Result =
  | { is: 'unknown' }
  | { is: 'incomplete'; missing: Missing[] }
  /** `classes` is null where there are too many ways to look at it: then it may be any. */
  | { is: 'complete'; reports: Report[]; classes: Class[] | null }

export interface Missing {
  member?: { id: string; name: string }
  question?: string
  label: Words
}

export interface Report {
  class: Class | null
  b1: { source: string; serves_recognition: boolean; amount: [number, number] | null; limit: number | null }
  b2: [string, string]
  indicators: {
    key: string
    label: Words
    article: string
    verdict: 'deprived' | 'not_deprived' | 'undetermined'
    because?: { question: string; label: Words; answer: Words; member?: { id: string; name: string } }[]
  }[]
}

/** Somebody who has written here, as changes name them. */
export interface Writer {
  actor: string
  name: string
}

/** A village that one surveys, as the server names it. */
export interface SurveyedVillage {
  round: string
  round_name: string
  reference_on: string
  b1_mode: 'paper' | 'points' | 'training'
  left_out: string[]
  village: number
  village_name: string
  commune: number
  commune_name: string
  area: 'rural' | 'urban' | null
  /** Rings of longitude and latitude in degrees, each ending where it begins; absent where no office has given them. */
  boundary?: [number, number][][]
}
