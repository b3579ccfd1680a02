// The core: the Rust half of the phone, as a wasm instance. Owns the instance, its memory and its end. What commands mean
// stands in `sync-protocol/wasm/src/command.rs`; what is done with records is the phone's.

import { type Fault, Refused } from '../shared/fault'
import { pack, unpack } from './frames'

/** The instance trapped: nothing in it can be relied on any more. What is on disk is as it was. */
export class Trapped extends Error {}

interface Exports {
  memory: WebAssembly.Memory
  core_alloc(length: number): number
  core_free(pointer: number, length: number): void
  core_call(pointer: number, length: number): number
}

/** What was done: the answer, and the parts that came with it. */
export interface Done<T> {
  done: T
  parts: Uint8Array[]
}

export class Core {
  private isAlive = true

  private constructor(private readonly exports: Exports) {}

  static async start(module: WebAssembly.Module): Promise<Core> {
    const instance = await WebAssembly.instantiate(module, {})
    return new Core(instance.exports as unknown as Exports)
  }

  /** Asks for one thing. A command without fields is its bare name. */
  ask<T>(command: unknown, parts: Uint8Array[] = []): Done<T> {
    const { json, parts: given } = unpack(this.call(pack(command, parts)))
    const answer = json as { done: T } | { fault: Fault }
    if ('fault' in answer) throw new Refused(answer.fault)
    return { done: answer.done, parts: given }
  }

  /** Bytes of memory that the instance has. */
  get memoryBytes(): number {
    return this.exports.memory.buffer.byteLength
  }

  private call(message: Uint8Array): Uint8Array {
    if (!this.isAlive) throw new Trapped('the core has ended')
    try {
      const { core_alloc, core_call, core_free, memory } = this.exports
      const asked = core_alloc(message.length)
      new Uint8Array(memory.buffer).set(message, asked)
      const told = core_call(asked, message.length)
      const length = new DataView(memory.buffer).getUint32(told, true)
      const answer = new Uint8Array(memory.buffer).slice(told + 4, told + 4 + length)
      core_free(told, length + 4)
      return answer
    } catch (error) {
      this.isAlive = false
      throw new Trapped(String(error))
    }
  }
}
