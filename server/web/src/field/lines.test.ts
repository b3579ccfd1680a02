import { describe, expect, it } from 'vitest'
import type { Line } from '../shared/phone'
import { chosenFrom, distancesFrom, folded, found, nearestFirst, shownAs } from './lines'

function line(some: Partial<Line>): Line {
  const scope = { village: 22, round: '2026-dinh-ky' }
  const nothing = { head: null, address: null, waiting: 0, reasons: [], outcome: null, lacks: 10, search: '', point: null }
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

describe('the nearest first', () => {
  const far = line({ household: 'far', point: [22_410_000, 104_600_000], search: 'giang a pao' })
  const near = line({ household: 'near', point: [22_401_000, 104_600_000], search: 'giang thi mai', scope: { village: 23, round: '2026-dinh-ky' } })
  const [nowhere, nowhereEither] = [line({ household: 'b', search: 'giang' }), line({ household: 'a' })]
  const lines = [nowhere, far, nowhereEither, near]
  const distances = distancesFrom({ latitude: 22.4, longitude: 104.6 }, lines)

  it('puts those that nobody has measured last, in the order that they had', () => {
    expect(nearestFirst(lines, distances)).toEqual([near, far, nowhere, nowhereEither])
    expect([...distances.values()].map(Math.round)).toEqual([1112, 111])
    expect(nearestFirst([], distances)).toEqual([])
  })

  it('goes together with village, search and filter', () => {
    const wanted = { village: '22', typed: 'giang', filter: 'todo' } as const
    expect(chosenFrom(nearestFirst(lines, distances), wanted)).toEqual([far, nowhere])
    expect(chosenFrom(lines, { ...wanted, village: '', filter: 'sent' })).toEqual([])
  })
})
