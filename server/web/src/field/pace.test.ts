import { describe, expect, it } from 'vitest'
import type { Progress } from '../shared/phone'
import { Pace, secondsLeft } from './pace'

const progress: Progress = { doing: 'photos', sent: 0, waiting: 0, rows: 0, more: false, photos: { count: 0, bytes: 0 }, bytesUp: 0, bytesDown: 0, cuts: 0 }

describe('the pace of a line', () => {
  it('is not known before something has moved', () => {
    const pace = new Pace()
    pace.saw(0, 0)
    expect(pace.bytesPerSecond).toBeUndefined()
    pace.saw(0, 2_000)
    expect(pace.bytesPerSecond).toBeUndefined()
  })

  it('is what it was lately', () => {
    const pace = new Pace()
    pace.saw(0, 0)
    pace.saw(100_000, 5_000)
    for (let second = 6; second <= 30; second += 1) pace.saw(100_000 + (second - 5) * 1_000, second * 1_000)
    expect(pace.bytesPerSecond).toBe(1_000)
  })
})

describe('the time left', () => {
  it('is not said where nothing is known of it', () => {
    expect(secondsLeft({ ...progress, doing: 'entries', waiting: 5 }, 3_000, 1_000)).toBeUndefined()
    expect(secondsLeft({ ...progress, photos: { count: 1, bytes: 5_000 } }, 3_000, undefined)).toBeUndefined()
    expect(secondsLeft({ ...progress, more: true }, 3_000, 1_000)).toBeUndefined()
  })

  it('comes from the entries that went and the bytes of photos that wait', () => {
    const half = { ...progress, doing: 'entries', sent: 5, waiting: 5, photos: { count: 1, bytes: 60_000 } } as const
    expect(secondsLeft(half, 10_000, 2_000)).toBe(10 + 30)
  })
})
