// Which control a question gets.

import type { Kind } from '../shared/form'

export type Control = 'yes_no' | 'number' | 'text' | 'buttons' | 'list' | 'date' | 'id' | 'place' | 'photo'

/** More choices than this are a list that opens: as buttons they would not fit on a screen. */
const MOST_BUTTONS = 12

export function controlOf(kind: Kind): Control {
  switch (kind.kind) {
    case 'bool':
      return 'yes_no'
    case 'choice':
      return kind.choices.length > MOST_BUTTONS ? 'list' : 'buttons'
    case 'number':
    case 'text':
    case 'date':
    case 'photo':
      return kind.kind
    case 'citizen_id':
      return 'id'
    case 'point':
      return 'place'
  }
}

/** Who keeps photos: taken of a household, and shown again by their hash. */
export interface PhotoKeeper {
  attach(file: Blob): Promise<string>
  show(hash: string): Promise<Uint8Array | undefined>
}
