import { describe, expect, it } from 'vitest'
import { bytesIn, toText } from './armour'

const encoder = new TextEncoder()

describe('a file as text', () => {
  it('is taken as it is when it was cut on its way, for its reader to refuse', () => {
    const cut = encoder.encode(toText(new Uint8Array([1, 2, 3, 4])).slice(0, -3))
    expect(bytesIn(cut)).toBe(cut)
  })

  it('leaves a binary file alone', () => {
    const binary = new Uint8Array([0x87, 0, 255, 10])
    expect(bytesIn(binary)).toBe(binary)
  })

  it('comes back byte for byte, whatever another app puts after it', () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, at) => (at * 31) % 256)
    expect(bytesIn(encoder.encode(`${toText(bytes)}\r\n`))).toEqual(bytes)
  })
})
