// Enrolment slips: the QR code is an address of this app, with the code and the server's key behind the #.

import type { Slip } from './app.svelte'

const SLIP = /^#ghi-danh=([0-9A-Za-z-]{12,20})\.([0-9a-f]{64})$/

export function slipIn(hash: string): Slip | undefined {
  const [, code, serverKey] = SLIP.exec(hash) ?? []
  return code === undefined || serverKey === undefined ? undefined : { code, serverKey }
}

/** What a code that was scanned in the app is: a slip of this server, of another one, or none at all. */
export type Scanned = { is: 'slip'; slip: Slip } | { is: 'foreign'; host: string } | { is: 'none' }

export function slipScanned(code: string, origin: string): Scanned {
  const address = addressIn(code)
  const slip = address && slipIn(address.hash)
  if (address === undefined || slip === undefined) return { is: 'none' }
  return address.origin === origin ? { is: 'slip', slip } : { is: 'foreign', host: address.host }
}

function addressIn(code: string): URL | undefined {
  try {
    return new URL(code)
  } catch {
    return undefined
  }
}
