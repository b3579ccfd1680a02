// Messages to and from the core: JSON, and binary parts beside it. The Rust side is `sync-protocol/wasm/src/message.rs`.

export interface Message {
  json: unknown
  parts: Uint8Array[]
}

export function pack(json: unknown, parts: Uint8Array[]): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(json))
  const size = parts.reduce((sum, part) => sum + 4 + part.length, 4 + text.length + 4)
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  let at = 0
  const number = (value: number) => {
    view.setUint32(at, value, true)
    at += 4
  }
  const block = (part: Uint8Array) => {
    number(part.length)
    bytes.set(part, at)
    at += part.length
  }
  block(text)
  number(parts.length)
  parts.forEach(block)
  return bytes
}

/** Reads what the core answered. The parts are copies: the core's memory moves. */
export function unpack(bytes: Uint8Array): Message {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = 0
  const number = () => {
    const value = view.getUint32(at, true)
    at += 4
    return value
  }
  const block = () => {
    const length = number()
    const part = bytes.slice(at, at + length)
    at += length
    return part
  }
  const json: unknown = JSON.parse(new TextDecoder().decode(block()))
  const parts = Array.from({ length: number() }, block)
  return { json, parts }
}
