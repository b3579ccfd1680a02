// How households are marked by where they stand: each with a shape of its own, so that nobody has to tell colours apart.
// Paths around a middle, for the map's canvas and for the legend's drawings alike.

import type { Shown } from '../lines'

export type { Shown } from '../lines'

/** Half the side of the square that each mark fits into. */
export const REACH = 12

export const MARKS: Record<Shown, { path: string; fill: string }> = {
  todo: { path: 'M6.5 0A6.5 6.5 0 1 1 -6.5 0A6.5 6.5 0 1 1 6.5 0Z', fill: '#ffffff' },
  draft: { path: 'M0 -8L8 6.5L-8 6.5Z', fill: '#f5b82e' },
  // On its way up.
  unsent: { path: 'M0 -9L8 0H3.5V8H-3.5V0H-8Z', fill: '#7fc8a0' },
  // With a hole: also where it is small and grey, it is no square.
  needs_you: { path: 'M0 -10.5L10.5 0L0 10.5L-10.5 0ZM0 -2L-2 0L0 2L2 0Z', fill: '#d6242b' },
  sent: { path: 'M-5.5 -5.5H5.5V5.5H-5.5Z', fill: '#0b5d3b' },
}

export const INK = '#14201a'
export const WIDTH = 1.8

/** What is drawn over what: the most urgent last. */
export const ORDER: Shown[] = ['sent', 'unsent', 'todo', 'draft', 'needs_you']
