// What a card that was read offers to a section: which questions it answers, and how that compares with what stands there.
// Nothing that stands is replaced here; a person does that.

import type { Asked, Question, Value } from '../../shared/form'
import type { Card } from './card'

export interface Offer {
  question: Question
  /** What stands there. */
  stands: Value | null
  /** What the card says. */
  value: string
}

export interface Offers {
  /** The card answers what nobody has answered. */
  empty: Offer[]
  /** The card says otherwise. */
  differs: Offer[]
}

/** What the card says of a question; nothing where it is not about that. */
function answerOf(card: Card, { key, kind }: Question): string | undefined {
  if (kind.kind === 'citizen_id') return card.number
  if (key === 'full_name' && kind.kind === 'text' && (card.name?.length ?? 0) <= kind.max_length) return card.name
  if (key === 'born' && kind.kind === 'date') return card.born
  if (key === 'sex' && kind.kind === 'choice') return kind.choices.find(({ code }) => code === card.sex)?.code
  return undefined
}

export function offersOf(card: Card, asked: { question: Question; asked: Asked }[]): Offers {
  const offers: Offers = { empty: [], differs: [] }
  for (const { question, asked: one } of asked) {
    const value = answerOf(card, question)
    if (value === undefined || isSame(one.value, value)) continue
    const side = one.value === null ? offers.empty : offers.differs
    side.push({ question, stands: one.value, value })
  }
  return offers
}

/** Case and spaces make no other name, and separators no other number. */
function isSame(stands: Value | null, value: string): boolean {
  const plain = (text: string) => (/^\d{12}$/.test(value) ? text.replace(/[\s.-]/g, '') : text.normalize('NFC').trim().replace(/\s+/g, ' ').toLowerCase())
  return typeof stands === 'string' && plain(stands) === plain(value)
}
