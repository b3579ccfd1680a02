// Where this phone is: asked when somebody wants to know, and kept until the phone is locked.

import type { Spot } from './geo'
import { measured } from './place'

/** Somebody who walks is not far from where they were so long ago. */
const STILL_GOOD_MS = 15_000

export class Here {
  at = $state.raw<{ spot: Spot; accuracy: number } | undefined>(undefined)
  isMeasuring = $state(false)
  isRefused = $state(false)

  /** Asks once; the last place stays until there is another. */
  async measure(): Promise<void> {
    this.isMeasuring = true
    this.isRefused = false
    try {
      const { latitude, longitude, accuracy } = (await measured(STILL_GOOD_MS)).coords
      this.at = { spot: { latitude, longitude }, accuracy }
    } catch {
      this.isRefused = true
    }
    this.isMeasuring = false
  }
}
