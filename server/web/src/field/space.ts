// How much room is left on the phone: a day's work must not end at a full disk.

const MB = 1024 * 1024
const LOW_BYTES = 50 * MB
const LOW_SHARE = 0.1
const SCARCE_BYTES = 10 * MB

export interface Space {
  leftBytes: number
  level: 'plenty' | 'low' | 'scarce'
}

/** What the browser's estimate comes to; nothing where it does not say. */
export function spaceOf({ usage, quota }: StorageEstimate): Space | undefined {
  if (usage === undefined || quota === undefined) return undefined
  const leftBytes = Math.max(quota - usage, 0)
  if (leftBytes < SCARCE_BYTES) return { leftBytes, level: 'scarce' }
  return { leftBytes, level: leftBytes < LOW_BYTES || leftBytes < quota * LOW_SHARE ? 'low' : 'plenty' }
}
