// What a phone needs of whoever keeps its things: the vault of a person, or the memory of somebody who only tries it out.

/** The command that opens the core, and its parts. */
export interface Start {
  command: unknown
  parts: Uint8Array[]
  /** Bytes of records that had to be replayed. */
  replayed: number
}

export interface Keeper {
  /** The day on this device. */
  start(today: string): Promise<Start>
  append(records: Uint8Array): Promise<void>
  replace(snapshot: Uint8Array): Promise<void>
  runs(): Promise<number>
  get(place: string): Promise<Uint8Array<ArrayBuffer> | undefined>
  put(place: string, plain: Uint8Array): Promise<void>
  drop(place: string): Promise<void>
  places(beginning: string): Promise<string[]>
  close(): void
}

/** Where the secret key is kept. */
export const SECRET = 'secret key'
/** Where the villages are kept, as the server named them last. */
export const VILLAGES = 'villages'
/** The key that own parcels are sealed to. */
export const PARCEL_KEY = 'parcel key'
