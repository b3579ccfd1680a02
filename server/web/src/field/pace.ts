// How fast a line is, and how long what waits will take. Time is an argument.

import type { Progress } from '../shared/phone'

/** A line changes from one minute to the next: older moments say nothing about it. */
const WINDOW_MS = 15_000

export class Pace {
  private readonly seen: { ms: number; bytes: number }[] = []

  /** So many bytes have gone over in all. */
  saw(bytes: number, nowMs: number): void {
    // The last moment before the window stays: it is where the window begins.
    while (this.seen[1] !== undefined && nowMs - this.seen[1].ms >= WINDOW_MS) this.seen.shift()
    this.seen.push({ ms: nowMs, bytes })
  }

  /** Nothing before something has moved for a while. */
  get bytesPerSecond(): number | undefined {
    const [first, last] = [this.seen[0], this.seen.at(-1)]
    if (first === undefined || last === undefined || last.ms - first.ms < 500 || last.bytes === first.bytes) return undefined
    return ((last.bytes - first.bytes) * 1000) / (last.ms - first.ms)
  }
}

/** About how long what waits here will take; nothing where nothing is known. What is still to be read the server does not say. */
export function secondsLeft({ doing, sent, waiting, photos }: Progress, elapsedMs: number, bytesPerSecond: number | undefined): number | undefined {
  const entries = waiting === 0 ? 0 : doing === 'entries' && sent > 0 ? (waiting * elapsedMs) / sent / 1000 : undefined
  const pictures = photos.bytes === 0 ? 0 : bytesPerSecond === undefined ? undefined : photos.bytes / bytesPerSecond
  if (entries === undefined || pictures === undefined || entries + pictures === 0) return undefined
  return entries + pictures
}
