// What a person has on this device, encrypted: their secrets, the snapshot, the records after it, photos.
//
// Owns the database, the keys and the order of writing. Rows are encrypted under a data key; that key is wrapped twice, by
// what the PIN gives and by a key that this browser holds and never shows. For a forgotten PIN the same key is kept once more,
// sealed to the commune, under the browser's key. Each row is bound to its person and its place, so
// that none can be put in another's. What the bytes mean is the core's.

import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import { refusal } from '../shared/fault'
import { type Keeper, SECRET, type Start } from './keeper'

const NAME = 'rasoat'
/** PBKDF2 with SHA-256: about half a second on a cheap phone. */
const ROUNDS = 310_000
/** Wrong PINs before one has to wait, and how long, doubling. */
const FREE_TRIES = 5
const FIRST_WAIT_MS = 30_000
const LONGEST_WAIT_MS = 3_600_000

/** Somebody who works on this device. */
export interface Person {
  id: string
  /** What the list of people shows. */
  name: string
  account: number
  device: string
  unit: number
  serverKey: string
  salt: Uint8Array<ArrayBuffer>
  rounds: number
  /** Held by the browser, which uses it and does not show it. */
  held: CryptoKey
  wrapped: Sealed
  wrongPins: number
  /** No PIN is tried before, by this device's clock. */
  notBefore: number
  /** The data key for a forgotten PIN; absent where no commune could open it. */
  kept?: { commune: number; key: Sealed }
  /** What is asked of the commune because the PIN was forgotten. */
  asked?: Sealed
  /** When the commune opened it last, and who did. */
  opened?: Opened
}

export interface Opened {
  at: string
  by: string[]
}

/** The data key as the commune can open it. */
export interface Kept {
  commune: number
  key: Uint8Array
}

interface Sealed {
  iv: Uint8Array<ArrayBuffer>
  bytes: ArrayBuffer
}

interface Row extends Sealed {
  person: string
  place: string
}

interface RecordRow extends Sealed {
  person: string
  number: number
}

interface Tables extends DBSchema {
  people: { key: string; value: Person }
  /** Secrets, the snapshot and photos, by name. */
  things: { key: [string, string]; value: Row }
  /** Records after the snapshot, in order. */
  records: { key: [string, number]; value: RecordRow }
}

type Database = IDBPDatabase<Tables>

/** The records that a snapshot stands for end before this number. */
interface Stored {
  snapshot: Uint8Array
  records: Uint8Array[]
}

async function open(): Promise<Database> {
  return openDB<Tables>(NAME, 1, {
    upgrade(database) {
      database.createObjectStore('people', { keyPath: 'id' })
      database.createObjectStore('things', { keyPath: ['person', 'place'] })
      database.createObjectStore('records', { keyPath: ['person', 'number'] })
    },
  })
}

function chance(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length))
}

async function keyOfPin(pin: string, salt: Uint8Array<ArrayBuffer>, rounds: number): Promise<CryptoKey> {
  const secret = await crypto.subtle.importKey('raw', new TextEncoder().encode(pin), 'PBKDF2', false, ['deriveKey'])
  const how = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations: rounds }
  return crypto.subtle.deriveKey(how, secret, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
}

async function seal(key: CryptoKey, place: string, plain: BufferSource): Promise<Sealed> {
  const iv = chance(12)
  const bytes = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(place) }, key, plain)
  return { iv, bytes }
}

async function unseal(key: CryptoKey, place: string, { iv, bytes }: Sealed): Promise<ArrayBuffer> {
  return crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(place) }, key, bytes)
}

async function dataKey(raw: BufferSource): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt'])
}

/** The people of this device. */
export async function people(): Promise<Person[]> {
  const database = await open()
  try {
    return await database.getAll('people')
  } finally {
    database.close()
  }
}

/** What is known of somebody before they have a vault. */
export type NewPerson = Pick<Person, 'name' | 'account' | 'device' | 'unit' | 'serverKey'>

/** An open vault. */
export class Vault implements Keeper {
  /** The next record's number. */
  private next = 0

  private constructor(
    private readonly database: Database,
    readonly person: Person,
    private readonly key: CryptoKey,
  ) {}

  /** Makes a vault for somebody, with secrets in it. `keep`: seals the data key for the day on which the PIN is forgotten. */
  static async create(
    who: NewPerson,
    pin: string,
    secrets: Record<string, Uint8Array>,
    keep: (dataKey: Uint8Array) => Kept | undefined,
  ): Promise<Vault> {
    const raw = chance(32)
    const held = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
    const kept = keep(raw)
    const person = {
      ...who,
      id: who.device,
      held,
      ...(await wrap(raw, pin, who.device, held)),
      ...(kept === undefined ? {} : { kept: { commune: kept.commune, key: await seal(held, `${who.device} kept`, own(kept.key)) } }),
    }
    const vault = new Vault(await open(), person, await dataKey(raw))
    raw.fill(0)
    // Secrets first: somebody who is in the list can be opened.
    for (const [place, secret] of Object.entries(secrets)) await vault.put(place, secret)
    await vault.database.put('people', person)
    return vault
  }

  /** Opens somebody's vault. Wrong PINs have to wait, longer and longer. */
  static async unlock(id: string, pin: string, nowMs: number): Promise<Vault> {
    const database = await open()
    const person = await personIn(database, id)
    const waitMs = Math.min(person.notBefore - nowMs, LONGEST_WAIT_MS)
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1000)
      throw refusal('vault/wait', `Nhập sai nhiều lần; đợi ${seconds} giây`, `Too many wrong PINs; wait ${seconds} seconds`)
    }
    const raw = await unwrap(person, pin)
    if (raw === undefined) {
      await database.put('people', afterWrongPin(person, nowMs))
      throw refusal('vault/wrong-pin', 'Sai mã PIN', 'Wrong PIN')
    }
    if (person.wrongPins > 0) await database.put('people', { ...person, wrongPins: 0, notBefore: 0 })
    return new Vault(database, person, await dataKey(raw))
  }

  /** Opens somebody's vault with its data key, which their commune has opened, and puts it under a new PIN. */
  static async reopen(id: string, dataKeyBytes: Uint8Array, pin: string, opened: Opened): Promise<Vault> {
    const database = await open()
    const { asked: _, ...person } = await personIn(database, id)
    const raw = own(dataKeyBytes)
    const vault = new Vault(database, { ...person, opened, ...(await wrap(raw, pin, person.device, person.held)) }, await dataKey(raw))
    raw.fill(0)
    // What opens what was encrypted under it is the key; anything else leaves the old PIN as it was.
    const [some] = await vault.places('')
    if (some === undefined || (await vault.get(some).catch(() => undefined)) === undefined) {
      vault.close()
      const [vi, en] = ['Khóa nhận được không mở được dữ liệu của máy; xin xã mở lại', 'The key does not open this phone; ask the commune again']
      throw refusal('vault/wrong-key', vi, en)
    }
    const writing = database.transaction('people', 'readwrite', { durability: 'strict' })
    await writing.store.put(vault.person)
    await writing.done
    return vault
  }

  async start(today: string): Promise<Start> {
    const [secret, { snapshot, records }] = [await this.get(SECRET), await this.read()]
    if (secret === undefined) throw refusal('vault/damaged', 'Dữ liệu trên máy bị hỏng; báo người hỗ trợ', 'What is stored here is damaged; ask for support')
    const { account, serverKey } = this.person
    const command = { open: { account, server_key: serverKey, today } }
    return { command, parts: [secret, snapshot, ...records], replayed: records.reduce((sum, run) => sum + run.length, 0) }
  }

  /** Everything that the device was, in the order in which it was written. */
  private async read(): Promise<Stored> {
    const snapshot = await this.get('snapshot')
    const upto = snapshot === undefined ? 0 : new DataView(snapshot.buffer).getFloat64(0)
    const rows = await this.database.getAll('records', IDBKeyRange.bound([this.person.id, upto], [this.person.id, Infinity]))
    const numbers = rows.map((row) => row.number)
    if (numbers.some((number, at) => number !== upto + at)) {
      throw refusal('vault/damaged', 'Dữ liệu trên máy thiếu một phần; báo người hỗ trợ', 'A part of what was saved is missing; ask for support')
    }
    const records = await Promise.all(rows.map(async (row) => new Uint8Array(await unseal(this.key, this.at(row.number), row))))
    this.next = upto + rows.length
    return { snapshot: snapshot?.slice(8) ?? new Uint8Array(), records }
  }

  /** Writes records and returns once they are on disk. */
  async append(records: Uint8Array): Promise<void> {
    const number = this.next
    const sealed = await seal(this.key, this.at(number), own(records))
    const writing = this.database.transaction('records', 'readwrite', { durability: 'strict' })
    await writing.store.add({ person: this.person.id, number, ...sealed })
    await writing.done
    this.next = number + 1
  }

  /** Puts a snapshot in the place of all records so far, at once or not at all. */
  async replace(snapshot: Uint8Array): Promise<void> {
    const upto = this.next
    const bytes = new Uint8Array(8 + snapshot.length)
    new DataView(bytes.buffer).setFloat64(0, upto)
    bytes.set(snapshot, 8)
    const sealed = await seal(this.key, this.named('snapshot'), bytes)
    const writing = this.database.transaction(['things', 'records'], 'readwrite', { durability: 'strict' })
    await writing.objectStore('things').put({ person: this.person.id, place: 'snapshot', ...sealed })
    await writing.objectStore('records').delete(IDBKeyRange.bound([this.person.id, 0], [this.person.id, upto], false, true))
    await writing.done
  }

  async get(place: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const row = await this.database.get('things', [this.person.id, place])
    return row && new Uint8Array(await unseal(this.key, this.named(place), row))
  }

  async put(place: string, plain: Uint8Array): Promise<void> {
    const sealed = await seal(this.key, this.named(place), own(plain))
    const writing = this.database.transaction('things', 'readwrite', { durability: 'strict' })
    await writing.store.put({ person: this.person.id, place, ...sealed })
    await writing.done
  }

  async drop(place: string): Promise<void> {
    await this.database.delete('things', [this.person.id, place])
  }

  /** The names of all things that begin so. */
  async places(beginning: string): Promise<string[]> {
    const range = IDBKeyRange.bound([this.person.id, beginning], [this.person.id, `${beginning}\uffff`])
    return (await this.database.getAllKeys('things', range)).map(([, place]) => place)
  }

  /** How many runs of records stand after the snapshot. */
  async runs(): Promise<number> {
    return this.database.count('records', IDBKeyRange.bound([this.person.id, 0], [this.person.id, Infinity]))
  }

  close(): void {
    this.database.close()
  }

  private at(number: number): string {
    return `${this.person.id} record ${number}`
  }

  private named(place: string): string {
    return `${this.person.id} ${place}`
  }
}

/** What a forgotten PIN needs before anything can be opened: what was kept, and what was asked. */
export class Forgotten {
  private constructor(
    private readonly database: Database,
    readonly person: Person,
  ) {}

  static async of(id: string): Promise<Forgotten> {
    const database = await open()
    return new Forgotten(database, await personIn(database, id))
  }

  /** The data key as the commune can open it. */
  async kept(): Promise<Kept | undefined> {
    const { kept, held, device } = this.person
    return kept && { commune: kept.commune, key: new Uint8Array(await unseal(held, `${device} kept`, kept.key)) }
  }

  /** What was asked, as it was given to {@link ask}. */
  async asked(): Promise<Uint8Array | undefined> {
    const { asked, held, device } = this.person
    return asked && new Uint8Array(await unseal(held, `${device} asked`, asked))
  }

  /** Writes down what is asked, in the place of what was asked before. */
  async ask(what: Uint8Array): Promise<void> {
    const { held, device, id } = this.person
    const asked = await seal(held, `${device} asked`, own(what))
    const writing = this.database.transaction('people', 'readwrite', { durability: 'strict' })
    const person = await writing.store.get(id)
    if (person !== undefined) await writing.store.put({ ...person, asked })
    await writing.done
  }

  close(): void {
    this.database.close()
  }
}

async function personIn(database: Database, id: string): Promise<Person> {
  const person = await database.get('people', id)
  if (person === undefined) throw refusal('vault/unknown', 'Không có người này trên máy', 'Nobody like that on this device')
  return person
}

/** Puts a data key under a PIN and the browser's own key; nobody has tried a wrong one yet. */
async function wrap(
  raw: Uint8Array<ArrayBuffer>,
  pin: string,
  device: string,
  held: CryptoKey,
): Promise<Pick<Person, 'salt' | 'rounds' | 'wrapped' | 'wrongPins' | 'notBefore'>> {
  const salt = chance(16)
  const inner = await seal(await keyOfPin(pin, salt, ROUNDS), device, raw)
  return { salt, rounds: ROUNDS, wrapped: await seal(held, device, join(inner)), wrongPins: 0, notBefore: 0 }
}

async function unwrap(person: Person, pin: string): Promise<ArrayBuffer | undefined> {
  const inner = await unseal(person.held, person.device, person.wrapped)
  const key = await keyOfPin(pin, person.salt, person.rounds)
  const sealed = { iv: new Uint8Array(inner.slice(0, 12)), bytes: inner.slice(12) }
  return unseal(key, person.device, sealed).catch(() => undefined)
}

function afterWrongPin(person: Person, nowMs: number): Person {
  const wrongPins = person.wrongPins + 1
  const over = wrongPins - FREE_TRIES
  const waitMs = over < 0 ? 0 : Math.min(FIRST_WAIT_MS * 2 ** over, LONGEST_WAIT_MS)
  return { ...person, wrongPins, notBefore: nowMs + waitMs }
}

function join({ iv, bytes }: Sealed): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(iv.length + bytes.byteLength)
  joined.set(iv)
  joined.set(new Uint8Array(bytes), iv.length)
  return joined
}

/** A copy in a buffer of its own, as the browser's cryptography asks for. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}
