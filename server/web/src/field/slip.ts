// Enrolment slips: the QR code is an address of this app, with the code and the server's key behind the #.

import type { Slip } from './app.svelte'

const SLIP = /^#ghi-danh=([0-9A-Za-z-]{12,20})\.([0-9a-f]{64})$/

export function slipIn(hash: string): Slip | undefined {
  const [, code, serverKey] = SLIP.exec(hash) ?? []
  return code === undefined || serverKey === undefined ? undefined : { code, serverKey }
}
