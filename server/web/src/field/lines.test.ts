import { describe, expect, it } from 'vitest'
import type { Line } from '../shared/phone'
import { folded, found, shownAs } from './lines'

function line(some: Partial<Line>): Line {
  const scope = { village: 22, round: '2026-dinh-ky' }
  const nothing = { head: null, address: null, waiting: 0, reasons: [], outcome: null, lacks: 10, search: '' }
  return { household: 'a', scope, stands: 'server', ...nothing, ...some }
}

describe('searching', () => {
  it('folds accents and case as the core does', () => {
    expect(folded('  Đặng Hữu PÁO ')).toBe('dang huu pao')
  })

  it('finds the beginnings of words in any order, and nothing in the middle of one', () => {
    const lines = [line({ search: 'dang huu pao thon na binh' }), line({ search: 'ly thi mai' })]
    expect(found(lines, 'pao đặng', 'all')).toEqual([lines[0]])
    expect(found(lines, 'ao', 'all')).toEqual([])
    expect(found(lines, '', 'all')).toEqual(lines)
  })
})

describe('filters', () => {
  it('put each household in one place', () => {
    expect(shownAs(line({ stands: 'needs_you', outcome: 'met' }))).toBe('needs_you')
    expect(shownAs(line({ lacks: 3 })), 'what last year had is no visit').toBe('todo')
    expect(shownAs(line({ outcome: 'absent', stands: 'phone' }))).toBe('todo')
    expect(shownAs(line({ outcome: 'met', lacks: 3 }))).toBe('draft')
    expect(shownAs(line({ outcome: 'met', lacks: 0, stands: 'phone' }))).toBe('unsent')
    expect(shownAs(line({ outcome: 'refused', lacks: 9, stands: 'phone' }))).toBe('unsent')
    expect(shownAs(line({ outcome: 'met', lacks: 0 }))).toBe('sent')
  })
})
