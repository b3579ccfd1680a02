// The list as people look at it: what a line counts as, and which lines are meant.

import type { Line } from '../shared/phone'

export type Filter = 'all' | 'todo' | 'draft' | 'unsent' | 'needs_you' | 'sent'

/** What a household is for whoever has to visit it. */
export function shownAs(line: Line): Exclude<Filter, 'all'> {
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
  return lines.filter((line) => (filter === 'all' || shownAs(line) === filter) && isMeant(line))
}
