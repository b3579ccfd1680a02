// Which households somebody is looking at, and in which way: the same on the list and on the map, and still so when they
// come back from a household.

import type { Spot } from './geo'
import type { Filter } from './lines'

export class Selection {
  /** A village's id; all of them when empty. */
  village = $state('')
  typed = $state('')
  filter = $state<Filter>('all')
  isNearestFirst = $state(false)
  /** Only houses that nobody has measured yet. */
  isUnplacedOnly = $state(false)
  /** The screen on which they are looked at. */
  overview: 'villages' | 'map' = 'villages'
  /** The part of the map that somebody moved to; everything while nobody did. */
  seen = $state.raw<{ middle: Spot; metresPerPixel: number } | undefined>(undefined)
}
