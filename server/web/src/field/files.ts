// Files that leave the app: saved on the phone, or handed to another app.

import { toText } from '../shared/armour'
import type { Packed } from '../shared/phone'

/** How long the browser may take to begin writing. */
const KEPT_MS = 60_000

export function save({ name, bytes }: Packed): void {
  const address = URL.createObjectURL(new Blob([new Uint8Array(bytes)], { type: 'application/octet-stream' }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), KEPT_MS)
}

/** Whether other apps can be handed the file: browsers differ, and some have no way. */
export function canSend(packed: Packed): boolean {
  return navigator.canShare?.({ files: [asText(packed)] }) ?? false
}

export async function send(packed: Packed): Promise<void> {
  try {
    await navigator.share({ files: [asText(packed)] })
  } catch (error) {
    // Whoever thinks better of it has done nothing wrong.
    if (!(error instanceof DOMException && error.name === 'AbortError')) throw error
  }
}

/** Chrome hands on text, and no bytes of its own kind. */
function asText({ name, bytes }: Packed): File {
  return new File([toText(bytes)], `${name}.txt`, { type: 'text/plain' })
}
