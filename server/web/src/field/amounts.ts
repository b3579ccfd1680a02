// Bytes and times as people read them.

import type { Language, Texts } from './words'

const [MINUTE_S, HOUR_S, DAY_S] = [60, 3_600, 86_400]
/** Beyond this a phone's clock is called wrong. */
const CLOCK_IS_OFF_MS = 2 * 60_000

/** `12,3 KB`, `4 MB`. */
export function sizeText(bytes: number, language: Language): string {
  const [unit, size] = bytes < 1024 * 1024 ? ['KB', bytes / 1024] : ['MB', bytes / 1024 / 1024]
  const digits = { maximumFractionDigits: size < 10 ? 1 : 0 }
  return `${size.toLocaleString(language, digits)} ${unit}`
}

/** About how long: seconds in tens, then the largest unit alone. */
export function durationText(seconds: number, text: Texts): string {
  if (seconds < 90) return text.seconds(Math.max(Math.ceil(seconds / 10) * 10, 10))
  if (seconds < 90 * MINUTE_S) return text.minutes(Math.round(seconds / MINUTE_S))
  return seconds < 2 * DAY_S ? text.hours(Math.round(seconds / HOUR_S)) : text.days(Math.round(seconds / DAY_S))
}

/** What is said of a phone's clock; nothing while it is right. `offsetMs`: the server's less the phone's. */
export function clockText(offsetMs: number | null | undefined, text: Texts): string | undefined {
  if (offsetMs === null || offsetMs === undefined || Math.abs(offsetMs) <= CLOCK_IS_OFF_MS) return undefined
  const time = durationText(Math.abs(offsetMs) / 1000, text)
  return text.clockWrong(offsetMs > 0 ? text.slow(time) : text.fast(time))
}
