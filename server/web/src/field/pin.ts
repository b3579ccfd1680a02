// What a new PIN has to be.

import type { Texts } from './words'

const PIN_DIGITS = 6

/** Why a PIN that was typed twice cannot be taken; nothing when it can. */
export function pinFault(pin: string, again: string, text: Texts): string | undefined {
  if (pin.length < PIN_DIGITS) return text.pinTooShort
  return pin === again ? undefined : text.pinsDiffer
}
