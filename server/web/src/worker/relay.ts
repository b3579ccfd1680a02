// Work that goes by file: own parcels, colleagues' parcels that this phone carries, and what colleagues share.
//
// Owns what is kept of others until there is a line, and until it is handed back. What is in the files is the core's to say:
// a carrier can read none of them.

import { bytesIn } from '../shared/armour'
import { type Fault, Refused, refusal } from '../shared/fault'
import type { Carried, Packed, Scope, Taken, Turn } from '../shared/phone'
import type { Done } from './core'
import { type Keeper, PARCEL_KEY } from './keeper'
import { jsonIn } from './link'

/** What the core writes and reads at most; the text around a file makes it a third longer. */
const MOST_BYTES = 12 * 1024 * 1024
/** Files of others that are kept at most. */
const MOST_KEPT = 50
/** Own parcels that are remembered: more than the core waits for. */
const MOST_MADE = 64
const MADE = 'parcels made'
const WAITS = 'parcel carried '
const ANSWERED = 'parcel answer '
const REFUSED = 'parcel refused '

/** What a phone lets files do. */
export interface Within {
  keeper(): Keeper
  /** Keeps something, or says in words that there is no room. */
  put(place: string, plain: Uint8Array): Promise<void>
  device(): string
  /** Asks something that writes nothing. */
  ask<T>(command: unknown, parts: Uint8Array[]): Promise<Done<T>>
  /** Does something; on disk when this returns. The first part is records. */
  write<T>(command: unknown, parts: Uint8Array[]): Promise<Done<T>>
  post(path: string, body: Uint8Array): Promise<Uint8Array>
  clocks(): { wall_ms: number; uptime_ms: number }
}

interface Which {
  parcel: string
  is_answer: boolean
}

export class Relay {
  constructor(private readonly phone: Within) {}

  /** Puts everything that waits into a file for the server. */
  async pack(what: 'goi' | 'sao-luu'): Promise<Packed> {
    const key = await this.phone.keeper().get(PARCEL_KEY)
    if (key === undefined) throw refusal('phone/no-parcel-key', 'Máy này chưa có khóa để lập gói; ghi danh lại', 'This phone has no key for parcels; enrol it again')
    const command = { parcel: { key: new TextDecoder().decode(key), clocks: this.phone.clocks() } }
    const { done, parts } = await this.phone.write<{ entries: number }>(command, [chance()])
    const bytes = parts[1] ?? new Uint8Array()
    const { parcel } = await this.which(bytes)
    await this.keepJson(MADE, [...(await this.made()), parcel].slice(-MOST_MADE))
    return { name: `rasoat-${what}-${this.whose()}-${moment()}-${short(parcel)}.rasoat`, bytes, count: done.entries }
  }

  /** Puts own work of a village that its log does not tell of into a file for colleagues there. */
  async share({ village, round }: Scope): Promise<Packed> {
    const { done, parts } = await this.phone.ask<{ changes: number }>({ share: { village, round } }, [chance()])
    const name = `rasoat-chia-se-${this.whose()}-${moment()}-thon-${village}.rasoat`
    return { name, bytes: parts[0] ?? new Uint8Array(), count: done.changes }
  }

  /** Takes a file in, whatever it is. */
  async takeIn(given: Uint8Array): Promise<Taken> {
    if (given.length > MOST_BYTES) throw refusal('parcel/too-large', 'Tệp quá lớn, không phải tệp của Rasoat', 'Too large for a file of Rasoat')
    const file = bytesIn(given)
    const which = await this.which(file).catch(orShare)
    if (which === 'share') return { is: 'shared', ...(await this.phone.write<Looked>('look', [file])).done }
    return which.is_answer ? this.answer(file, which.parcel) : this.carries(file, which.parcel)
  }

  /** What this phone carries for others. */
  async carried(): Promise<Carried[]> {
    const keeper = this.phone.keeper()
    const names = async (beginning: string) => (await keeper.places(beginning)).map((place) => place.slice(beginning.length))
    const refused = (await names(REFUSED)).map(async (parcel): Promise<Carried> => {
      const why = await keeper.get(REFUSED + parcel)
      return { parcel, stands: 'refused', ...(why === undefined ? {} : { words: jsonIn<Fault>(why).words }) }
    })
    const waits = (await names(WAITS)).map((parcel): Carried => ({ parcel, stands: 'waits' }))
    const answered = (await names(ANSWERED)).map((parcel): Carried => ({ parcel, stands: 'answered' }))
    return [...waits, ...answered, ...(await Promise.all(refused))]
  }

  /** Brings what is carried to the server, and keeps its answers to be handed back. Throws where the line ends. */
  async bring(): Promise<void> {
    for (const { parcel, stands } of await this.carried()) if (stands === 'waits') await this.bringOne(parcel)
  }

  /** The answer to a parcel that was carried, to be handed back. */
  async handBack(parcel: string): Promise<Packed> {
    const bytes = (await this.phone.keeper().get(ANSWERED + parcel)) ?? new Uint8Array()
    return { name: `rasoat-tra-loi-${moment()}-${short(parcel)}.rasoat`, bytes, count: 1 }
  }

  /** Lets go of what was carried. */
  async letGo(parcel: string): Promise<void> {
    for (const place of [WAITS, ANSWERED, REFUSED]) await this.phone.keeper().drop(place + parcel)
  }

  private async bringOne(parcel: string): Promise<void> {
    const keeper = this.phone.keeper()
    const file = await keeper.get(WAITS + parcel)
    if (file === undefined) return
    try {
      const answer = await this.phone.post('/api/sync/parcels', file)
      const which = await this.which(answer)
      if (!which.is_answer || which.parcel !== parcel) throw refusal('phone/untrusted', 'Không tin được câu trả lời của máy chủ', "The server's answer cannot be trusted")
      await this.phone.put(ANSWERED + parcel, answer)
    } catch (error) {
      // Of the parcel itself: another try does not mend it. Anything else holds for another time, with the parcel still here.
      if (!(error instanceof Refused) || !error.fault.slug.startsWith('parcel/')) throw error
      await this.keepJson(REFUSED + parcel, error.fault)
    }
    await keeper.drop(WAITS + parcel)
  }

  private async carries(file: Uint8Array, parcel: string): Promise<Taken> {
    if ((await this.made()).includes(parcel)) {
      throw refusal('relay/own', 'Đây là gói của chính máy này; đưa cho người sắp có mạng', 'This is a parcel of this very phone; give it to somebody who will have a line')
    }
    await this.keepOfOthers(WAITS, parcel, file)
    return { is: 'to_carry' }
  }

  /** An answer to one's own parcel is taken; one to somebody else's is kept for them. */
  private async answer(file: Uint8Array, parcel: string): Promise<Taken> {
    try {
      const command = { parcel_answer: { clocks: this.phone.clocks() } }
      const { turn, key } = (await this.phone.write<{ turn: Turn; key: string }>(command, [file])).done
      await this.phone.put(PARCEL_KEY, new TextEncoder().encode(key))
      return { is: 'answered', turn }
    } catch (error) {
      const isOthers = error instanceof Refused && error.fault.slug === 'parcel/not-awaited' && !(await this.made()).includes(parcel)
      if (!isOthers) throw error
      await this.keepOfOthers(ANSWERED, parcel, file)
      return { is: 'to_hand_on' }
    }
  }

  private async keepOfOthers(place: string, parcel: string, file: Uint8Array): Promise<void> {
    const others = (await this.carried()).filter((carried) => carried.parcel !== parcel)
    if (others.length >= MOST_KEPT) throw refusal('relay/full', 'Máy đang giữ quá nhiều tệp; giao bớt hoặc xóa bớt', 'This phone keeps too many files; hand some over or let some go')
    await this.letGo(parcel)
    await this.phone.put(place + parcel, file)
  }

  private async which(file: Uint8Array): Promise<Which> {
    return (await this.phone.ask<Which>('which_parcel', [file])).done
  }

  private async made(): Promise<string[]> {
    const made = await this.phone.keeper().get(MADE)
    return made === undefined ? [] : jsonIn<string[]>(made)
  }

  private keepJson(place: string, json: unknown): Promise<void> {
    return this.phone.put(place, new TextEncoder().encode(JSON.stringify(json)))
  }

  /** Says whose a file is without saying who that is. */
  private whose(): string {
    return `may-${short(this.phone.device())}`
  }
}

interface Looked {
  shown: number
  known: number
  left_out: number
}

function orShare(error: unknown): 'share' {
  if (error instanceof Refused && error.fault.slug === 'parcel/other-way') return 'share'
  throw error
}

function chance(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(32))
}

function short(id: string): string {
  return id.slice(0, 8)
}

/** The day and the minute on this device. */
function moment(): string {
  const now = new Date()
  const two = (number: number) => String(number).padStart(2, '0')
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}-${two(now.getHours())}${two(now.getMinutes())}`
}
