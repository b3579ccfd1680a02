// The form as the core gives it, and what people said of its questions. The Rust side is `schemas/src/form.rs` and
// `sync-protocol/src/field/asked.rs`.

import type { Words } from './fault'

export type Value = boolean | number | string

export type Kind =
  | { kind: 'bool' }
  | { kind: 'number'; min: number; max: number; decimals: number; unit: string }
  | { kind: 'text'; max_length: number }
  | { kind: 'choice'; choices: Choice[] }
  | { kind: 'date' | 'citizen_id' | 'point' | 'photo' }

export interface Choice extends Words {
  code: string
}

export interface Question {
  key: string
  scope: 'household' | 'member' | 'visit'
  section: string
  kind: Kind
  label: Words
  roster: boolean
  carried: boolean
  /** Recordings by language. */
  audio?: Record<string, string>
}

export interface Form {
  version: string
  sections: { key: string; label: Words; requested?: boolean }[]
  questions: Question[]
}

/** Whom a section is asked about. */
export type Subject = { of: 'household' } | { of: 'member'; id: string } | { of: 'visit'; id: string }

/** A question as it stands for a subject, with what is typed and not saved yet. */
export interface Asked {
  key: string
  value: Value | null
  /** Whether it concerns the subject; unknown while the answers before it do not say. */
  relevance: 'yes' | 'no' | 'unknown'
  /** Kept, but unusual. */
  odd?: Words
  /** Cannot be saved. */
  wrong?: Words
  /** Stands as last year's list had it. */
  last_year?: LastYear
}

/** What became of values that last year's list had. */
export type LastYear = 'to_confirm' | 'confirmed'

/** How far the sections of a subject are. */
export interface Outline {
  subject: Subject
  name: string | null
  sections: { section: string; answered: number; asked: number; lacks: number; last_year?: LastYear }[]
  /** Of the household: what became of the members that last year's list had. */
  membership?: LastYear
}

/** The path of an answer, as the core's edits name it. */
export function pathOf(subject: Subject, key: string): string {
  return subject.of === 'household' ? `answers/${key}` : `${subject.of}s/${subject.id}/${key}`
}
