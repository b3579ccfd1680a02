// The list as people look at it: what a line counts as, and which lines are meant.

import type { Line } from '../shared/phone'
import { type Spot, metresBetween, spotOf } from './geo'

/** What a household is for whoever has to visit it. */
export type Shown = 'todo' | 'draft' | 'unsent' | 'needs_you' | 'sent'

/** Which lines are meant: by what is to be done, or by where they stand. */
export type Filter = 'all' | Shown | 'at_phone' | 'at_server'

export function shownAs(line: Line): Shown {
  if (line.stands === 'needs_you') return 'needs_you'
  // Absent: somebody comes back.
  if (line.outcome === null || line.outcome === 'absent') return 'todo'
  if (line.outcome === 'met' && line.lacks > 0) return 'draft'
  return line.stands === 'phone' ? 'unsent' : 'sent'
}

/** Without accents and case, as the core folds heads and addresses. */
export function folded(text: string): string {
  const plain = text.normalize('NFD').replace(/\p{Mn}/gu, '')
  return plain.toLowerCase().replaceAll('đ', 'd').trim()
}

/** The lines that somebody looks for: each word that was typed begins a word of the line. */
export function found(lines: Line[], typed: string, filter: Filter): Line[] {
  const words = folded(typed).split(/\s+/).filter((word) => word !== '')
  const isMeant = (line: Line) => words.every((word) => ` ${line.search}`.includes(` ${word}`))
  return lines.filter((line) => passes(line, filter) && isMeant(line))
}

function passes(line: Line, filter: Filter): boolean {
  switch (filter) {
    case 'all':
      return true
    case 'at_phone':
      return line.stands === 'phone'
    case 'at_server':
      return line.stands === 'server'
    default:
      return shownAs(line) === filter
  }
}

/** What is being looked for. */
export interface Wanted {
  /** A village's id; all of them when empty. */
  village: string
  typed: string
  filter: Filter
}

/** The lines that are meant on the list and on the map. */
export function chosenFrom(lines: Line[], { village, typed, filter }: Wanted): Line[] {
  const ofVillage = village === '' ? lines : lines.filter(({ scope }) => String(scope.village) === village)
  return found(ofVillage, typed, filter)
}

/** Metres from somewhere to each house that somebody has measured. */
export function distancesFrom(here: Spot, lines: Line[]): Map<Line, number> {
  const measured = lines.flatMap((line): [Line, number][] => (line.point === null ? [] : [[line, metresBetween(here, spotOf(line.point))]]))
  return new Map(measured)
}

/** The nearest first; houses that nobody has measured come last, in the order that they had. */
export function nearestFirst(lines: Line[], distances: Map<Line, number>): Line[] {
  const metres = (line: Line) => distances.get(line) ?? Number.MAX_VALUE
  return [...lines].sort((one, other) => metres(one) - metres(other))
}
