// Which control a question gets.

import type { Kind } from '../shared/form'

export type Control = 'yes_no' | 'number' | 'text' | 'buttons' | 'list' | 'date' | 'id' | 'place' | 'none'

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
      return kind.kind
    case 'citizen_id':
      return 'id'
    case 'point':
      return 'place'
    case 'photo':
      return 'none'
  }
}
