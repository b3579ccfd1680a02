import { describe, expect, it } from 'vitest'
import type { Kind, Value } from '../../shared/form'
import { offersOf } from './offer'

const CARD = { number: '002085000123', name: 'Giàng Thị Páo', born: '1985-05-03', sex: 'female' } as const
const KINDS: Record<string, Kind> = {
  full_name: { kind: 'text', max_length: 80 },
  citizen_id: { kind: 'citizen_id' },
  born: { kind: 'date' },
  sex: { kind: 'choice', choices: [{ code: 'female', vi: 'Nữ', en: 'Female' }] },
  notes: { kind: 'text', max_length: 80 },
}

function asked(answers: Record<string, Value | null>, kinds = KINDS) {
  return Object.entries(answers).map(([key, value]) => {
    const question = { key, scope: 'member', section: 'member_identity', kind: kinds[key] as Kind, label: { vi: key, en: key }, roster: true, carried: true } as const
    return { question, asked: { key, value, relevance: 'yes' } as const }
  })
}

function keys(answers: Record<string, Value | null>, kinds = KINDS): [string[], string[]] {
  const { empty, differs } = offersOf(CARD, asked(answers, kinds))
  return [empty.map(({ question }) => question.key), differs.map(({ question }) => question.key)]
}

describe('a card offers', () => {
  it('nothing to a question that it is not about, or that cannot take what it says', () => {
    expect(keys({ notes: null })).toEqual([[], []])
    expect(keys({ sex: null, full_name: null }, { sex: { kind: 'choice', choices: [] }, full_name: { kind: 'text', max_length: 3 } })).toEqual([[], []])
  })

  it('what is empty, and apart from that what differs', () => {
    expect(keys({ full_name: 'Giàng Thị Pao', citizen_id: null, born: '1985', sex: null })).toEqual([['citizen_id', 'sex'], ['full_name', 'born']])
  })

  it('nothing where the form says the same in other letters', () => {
    expect(keys({ full_name: ' GIÀNG  THỊ PÁO'.normalize('NFD'), citizen_id: '002 085.000-123', born: '1985-05-03', sex: 'female' })).toEqual([[], []])
  })
})
