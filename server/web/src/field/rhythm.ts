// When the phone syncs by itself. Owns the moments, not the doing; time and chance are arguments.

/** What may be a reason to sync. */
export type Occasion = 'unlocked' | 'online' | 'visible' | 'written'

/** How an exchange ended: everything came through, something failed, there was no line, or somebody stopped it. */
export type End = 'through' | 'failed' | 'no_line' | 'stopped'

const MINUTE_MS = 60_000
/** After work was written; whoever goes on writing is waited for, but not for ever. */
const AFTER_WRITING_MS = 20_000
const LONGEST_WRITING_MS = 2 * MINUTE_MS
/** Pauses after failures in a row. */
const PAUSES_MS = [1, 2, 5, 15].map((minutes) => minutes * MINUTE_MS)
/** Whoever stopped it is left alone for so long. */
const STOPPED_MS = 15 * MINUTE_MS
/** Looking at the app again so soon is no reason. */
const FRESH_MS = MINUTE_MS

export class Rhythm {
  private due: number | undefined
  private failures = 0
  private notBefore = -Infinity
  private writingSince: number | undefined
  private throughAt = -Infinity
  private isRunning = false

  /** When to sync next; nothing while one runs, or where there is no reason. */
  get dueMs(): number | undefined {
    return this.isRunning ? undefined : this.due
  }

  occurred(what: Occasion, nowMs: number): void {
    switch (what) {
      case 'unlocked':
      case 'online':
        // Why it failed before may be over.
        this.notBefore = -Infinity
        this.due = nowMs
        break
      case 'visible':
        if (nowMs - this.throughAt >= FRESH_MS) this.due = Math.max(nowMs, this.notBefore)
        break
      case 'written':
        this.writingSince ??= nowMs
        this.due = Math.max(this.notBefore, Math.min(nowMs + AFTER_WRITING_MS, this.writingSince + LONGEST_WRITING_MS))
    }
  }

  began(): void {
    this.isRunning = true
    // What is written from now on is a reason of its own.
    this.due = undefined
    this.writingSince = undefined
  }

  /** `chance`: from 0 to 1, so that phones that failed together do not come back together. */
  ended(how: End, nowMs: number, chance: number): void {
    this.isRunning = false
    switch (how) {
      case 'through':
        this.failures = 0
        this.notBefore = -Infinity
        this.throughAt = nowMs
        break
      case 'failed':
        this.due = this.notBefore = nowMs + Math.round(this.pauseMs() * (0.8 + 0.4 * chance))
        this.failures += 1
        break
      case 'no_line':
        this.due = undefined
        break
      case 'stopped':
        this.due = undefined
        this.notBefore = nowMs + STOPPED_MS
    }
  }

  private pauseMs(): number {
    return PAUSES_MS[Math.min(this.failures, PAUSES_MS.length - 1)] ?? MINUTE_MS
  }
}
