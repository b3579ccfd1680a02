import { describe, expect, it } from 'vitest'
import { type End, Rhythm } from './rhythm'

const [SECOND, MINUTE] = [1_000, 60_000]

function after(rhythm: Rhythm, how: End, nowMs: number, chance = 0.5): Rhythm {
  rhythm.began()
  rhythm.ended(how, nowMs, chance)
  return rhythm
}

describe('the rhythm', () => {
  it('has no reason of its own', () => {
    expect(new Rhythm().dueMs).toBeUndefined()
    expect(after(new Rhythm(), 'through', 0).dueMs).toBeUndefined()
  })

  it('never begins while an exchange runs', () => {
    const rhythm = new Rhythm()
    rhythm.began()
    for (const occasion of ['unlocked', 'online', 'visible', 'written'] as const) rhythm.occurred(occasion, 5)
    expect(rhythm.dueMs).toBeUndefined()
  })

  it('does not wake for whoever has just synced, nor for a while for whoever stopped it', () => {
    const fresh = after(new Rhythm(), 'through', 0)
    fresh.occurred('visible', 59 * SECOND)
    expect(fresh.dueMs).toBeUndefined()
    const stopped = after(new Rhythm(), 'stopped', 0)
    expect(stopped.dueMs).toBeUndefined()
    stopped.occurred('written', SECOND)
    expect(stopped.dueMs).toBe(15 * MINUTE)
  })

  it('waits for a line where there is none', () => {
    const rhythm = new Rhythm()
    rhythm.occurred('written', 0)
    after(rhythm, 'no_line', 20 * SECOND)
    expect(rhythm.dueMs).toBeUndefined()
    rhythm.occurred('online', 90 * SECOND)
    expect(rhythm.dueMs).toBe(90 * SECOND)
  })

  it('pauses longer after each failure, and shortly again once something came through', () => {
    const rhythm = new Rhythm()
    const pauses = [1, 2, 3, 4, 5].map(() => after(rhythm, 'failed', 0).dueMs)
    expect(pauses).toEqual([1, 2, 5, 15, 15].map((minutes) => minutes * MINUTE))
    after(rhythm, 'through', 0)
    expect(after(rhythm, 'failed', 0).dueMs).toBe(MINUTE)
  })

  it('comes back at another moment than other phones that failed with it', () => {
    const [early, late] = [0, 1].map((chance) => after(new Rhythm(), 'failed', 0, chance).dueMs)
    expect([early, late]).toEqual([48 * SECOND, 72 * SECOND])
  })

  it('does not let writing or looking shorten a pause, but a line that comes back does', () => {
    const rhythm = after(new Rhythm(), 'failed', 0)
    rhythm.occurred('written', SECOND)
    expect(rhythm.dueMs).toBe(MINUTE)
    rhythm.occurred('visible', 2 * SECOND)
    expect(rhythm.dueMs).toBe(MINUTE)
    rhythm.occurred('online', 3 * SECOND)
    expect(rhythm.dueMs).toBe(3 * SECOND)
  })

  it('waits until somebody has written, but not for ever', () => {
    const rhythm = new Rhythm()
    rhythm.occurred('written', 0)
    expect(rhythm.dueMs).toBe(20 * SECOND)
    rhythm.occurred('written', 15 * SECOND)
    expect(rhythm.dueMs).toBe(35 * SECOND)
    rhythm.occurred('written', 110 * SECOND)
    expect(rhythm.dueMs).toBe(120 * SECOND)
  })

  it('remembers what was written while an exchange ran', () => {
    const rhythm = new Rhythm()
    rhythm.began()
    rhythm.occurred('written', 10 * SECOND)
    rhythm.ended('through', 12 * SECOND, 0.5)
    expect(rhythm.dueMs).toBe(30 * SECOND)
  })

  it('begins at once when somebody unlocks', () => {
    const rhythm = after(new Rhythm(), 'failed', 0)
    rhythm.occurred('unlocked', SECOND)
    expect(rhythm.dueMs).toBe(SECOND)
  })
})
