// The phone: a core whose every record is on disk before anybody sees what it did.
//
// Owns the order of things: what writes waits for its turn, records go to the vault before an answer goes to the screen, and
// a core that trapped or ran ahead of the disk is thrown away and opened again from it. So the instance that people work
// with is itself the disposable one: what is on disk was there before the bytes that killed it.

import { today } from '../shared/day'
import { type Fault, Refused, faultOf, refusal } from '../shared/fault'
import type { Exchanged, Holder, Opening, PhotosWaiting, Progress, Result, Scope, Stands, SurveyedVillage, Turn, Writer } from '../shared/phone'
import { Core, type Done, Trapped } from './core'
import * as forgotten from './forgotten'
import { type Keeper, PARCEL_KEY, SECRET, VILLAGES } from './keeper'
import { Cut, Link, NoLine, Stopped, jsonIn } from './link'
import { type Asked, type Photo, type Photos, ROOM_BYTES, drawnAnew, hashOf, placeOf, send, waitingOf } from './photos'
import type { Practice } from './practice'
import { Relay } from './relay'
import { type Kept, Vault, people } from './vault'
import { Watch } from './watch'

/** Runs of records, and bytes of them, after which a snapshot takes their place: what opening has to replay at most. */
const MOST_RUNS = 50
const MOST_BYTES = 200_000
const DAY_MS = 24 * 3_600_000
const TOKEN = 'token'
/** What the names of sections in hand begin with. */
const DRAFT = 'draft '
const WRITERS = 'writers'
/** When an exchange came through last, by this device's clock. */
const EXCHANGED_AT = 'exchanged at'

interface Enrolled {
  device: string
  token: string
  server_key: string
  account: number
  unit: number
  parcel_key: string
  recovery_key: string | null
}

interface Challenge {
  challenge: string
  server_key: string
}

export interface Enrolment {
  code: string
  /** As it stands in the QR code; the server is asked when only the code was passed on. */
  serverKey?: string
  name: string
  pin: string
}

interface Clocks {
  wall_ms: number
  uptime_ms: number
}

function clocks(): Clocks {
  return { wall_ms: Date.now(), uptime_ms: Math.round(performance.now()) }
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export class Phone {
  private core: Core | undefined
  private vault: Vault | undefined
  private release: (() => void) | undefined
  private turn: Promise<unknown> = Promise.resolve()
  private readonly link = new Link()
  private villagesAskedMs = 0
  /** What opening would have to replay after the snapshot. */
  private bytesToReplay = 0
  /** What goes by file. */
  readonly relay = new Relay({
    keeper: () => this.letIn(),
    put: (place, plain) => this.put(place, plain),
    device: () => this.letIn().person.device,
    ask: (command, parts) => this.guarded(async () => (await this.opened()).ask(command, parts)),
    write: (command, parts) => this.guarded(() => this.writtenWith(command, parts)),
    post: (path, body) => this.withToken((token) => this.link.postMessage(path, body, token)),
    clocks,
  })

  /** With `practice` it is nobody's: what is tried out stays in memory and goes nowhere. */
  constructor(
    private readonly module: Promise<WebAssembly.Module>,
    private readonly practice?: Practice,
  ) {}

  async people(): Promise<Holder[]> {
    return (await people()).map(({ id, name, opened }) => ({ id, name, ...(opened && { opened }) }))
  }

  /** Lets this device in for somebody, and opens it. */
  async enrol({ code, serverKey, name, pin }: Enrolment): Promise<Stands> {
    const known = serverKey ?? (await this.link.postJson<Challenge>('/api/device-challenges', null)).server_key
    const fresh = await Core.start(await this.module)
    const seed = crypto.getRandomValues(new Uint8Array(32))
    const asked = { enrol: { server_key: known, code, name } }
    const { done, parts } = fresh.ask<{ device: string; body: unknown }>(asked, [seed])
    const enrolled = await this.link.postJson<Enrolled>('/api/devices', done.body)
    if (enrolled.server_key !== known) throw untrusted()
    const { account, device, unit } = enrolled
    const secret = parts[0]
    if (secret === undefined) throw untrusted()
    const secrets = { [SECRET]: secret, [TOKEN]: bytesOf(enrolled.token), [PARCEL_KEY]: bytesOf(enrolled.parcel_key) }
    const keep = (dataKey: Uint8Array): Kept | undefined => keptIn(fresh, enrolled, [secret, dataKey])
    const vault = await Vault.create({ name, account, device, unit, serverKey: known }, pin, secrets, keep)
    return this.begin(vault)
  }

  async unlock(id: string, pin: string): Promise<Stands> {
    return this.begin(await Vault.unlock(id, pin, Date.now()))
  }

  /** A forgotten PIN: what this phone knows, what the commune says, or asks the commune. */
  async opening(step: 'known' | 'look' | 'ask', id: string): Promise<Opening> {
    if (step === 'known') return forgotten.known(id)
    return step === 'look' ? forgotten.look(id, this.link) : forgotten.ask(id, await this.module, this.link)
  }

  /** Opens a vault that the commune has opened, under a new PIN. */
  async openAgain(id: string, pin: string): Promise<Stands> {
    return this.begin(await forgotten.take(id, pin, await this.module, this.link))
  }

  /** Forgets everything that is in memory. */
  lock(): void {
    this.core = undefined
    this.vault?.close()
    this.vault = undefined
    this.release?.()
    this.release = undefined
  }

  /** Takes everything of whoever is open off this device. Refused while some of it is nowhere else, unless it is for training. */
  async remove(): Promise<void> {
    const { waiting, scopes } = await this.read<Stands>('stands')
    const known = await this.villages()
    const trains = ({ village, round }: Scope) => known.some((one) => one.village === village && one.round === round && one.b1_mode === 'training')
    const unsent = waiting + (await this.dropPhotos()).queue.length + (await this.drafts()).length
    if (unsent > 0 && !scopes.every(trains)) {
      throw refusal('phone/unsent', 'Còn việc chưa gửi hoặc đang làm dở trên máy; gửi trước đã', 'Something here is not sent or half done; send it first')
    }
    const vault = this.letIn()
    await this.guarded(() => vault.remove())
    this.lock()
  }

  /** Asks something that writes nothing. */
  async read<T>(command: unknown): Promise<T> {
    return this.guarded(async () => (await this.opened()).ask<T>(command).done)
  }

  /** Does something; on disk when this returns. `field` is the command's name, `given` what it takes but for the clocks. */
  async write<T>(field: string, given: object): Promise<T> {
    const seed = crypto.getRandomValues(new Uint8Array(32))
    return this.guarded(() => this.written<T>({ [field]: { ...given, clocks: clocks() } }, [seed]))
  }

  /** What a household comes to; that somebody sees it is on disk when this returns. */
  async result(household: string): Promise<Result> {
    return this.writePlain<Result>('result', { household })
  }

  /** Keeps a section that somebody has in hand and has not saved yet, under its name. */
  async keepDraft(name: string, draft: unknown): Promise<void> {
    await this.guarded(() => this.put(DRAFT + name, bytesOf(JSON.stringify(draft))))
  }

  /** All sections in hand. */
  async drafts(): Promise<unknown[]> {
    const keeper = this.open()
    const kept = await Promise.all((await keeper.places(DRAFT)).map((place) => keeper.get(place)))
    return kept.flatMap((draft) => (draft === undefined ? [] : [jsonIn<unknown>(draft)]))
  }

  async dropDraft(name: string): Promise<void> {
    await this.guarded(() => this.open().drop(DRAFT + name))
  }

  /** Keeps a photo of a household: on disk and announced when this returns. Its answer is its hash. */
  async attach(household: string, file: Blob): Promise<string> {
    const bytes = await drawnAnew(file)
    const hash = await hashOf(bytes)
    const attach = { household, blob: hash, size_bytes: bytes.length, clocks: clocks() }
    // The bytes first: what is announced is there. In one turn, so that nobody clears them away in between.
    await this.guarded(async () => {
      await this.put(placeOf(hash), bytes)
      await this.written({ attach }, [])
    })
    return hash
  }

  /** A photo that is kept here. */
  async photo(hash: string): Promise<Uint8Array | undefined> {
    return this.open().get(placeOf(hash))
  }

  /** Sends the photos that the server waits for. */
  async sendPhotos(told: (progress: Progress) => void): Promise<void> {
    const { queue, waiting } = await this.dropPhotos()
    const watch = new Watch(this.link, 'photos', { waiting: 0, photos: waiting }, told)
    try {
      let { count, bytes } = waiting
      for (const photo of queue) {
        await this.sendPhoto(photo)
        count -= 1
        bytes -= photo.size_bytes
        watch.photosLeft({ count, bytes })
      }
    } finally {
      watch.end()
    }
    await this.dropPhotos()
  }

  private async sendPhoto(photo: Photo): Promise<void> {
    const asked: Asked = async (method, path, part) =>
      jsonIn(await this.withToken((token) => this.link.askBytes(method, path, token, part)))
    const answer = await send(photo, this.open(), asked, () => this.link.wasCut())
    const { household, blob } = photo
    if (answer === 'unknown') await this.writePlain('blob_unknown', { household, blob })
    else if (answer !== undefined) await this.writePlain('blob_answer', { household, blob, ...answer })
  }

  /** Photos that are on this phone only. */
  async photosWaiting(): Promise<PhotosWaiting> {
    return this.guarded(async () => waitingOf((await this.opened()).ask<Photos>({ blobs: { room_bytes: ROOM_BYTES } }).done))
  }

  /** The villages that the server named last. */
  async villages(): Promise<SurveyedVillage[]> {
    const kept = await this.open().get(VILLAGES)
    return kept === undefined ? [] : jsonIn<SurveyedVillage[]>(kept)
  }

  /** The same without clocks. */
  private writePlain<T>(field: string, given: object): Promise<T> {
    return this.guarded(() => this.written<T>({ [field]: given }, []))
  }

  /** Deletes photos that need not be kept, and those that nothing names any more: of a village that was given up. */
  private async dropPhotos(): Promise<Photos & { waiting: PhotosWaiting }> {
    return this.guarded(async () => {
      const [vault, photos] = [this.open(), (await this.opened()).ask<Photos>({ blobs: { room_bytes: ROOM_BYTES } }).done]
      const named = new Set(photos.blobs.map(({ blob }) => placeOf(blob)))
      for (const hash of photos.superfluous) named.delete(placeOf(hash))
      for (const place of await vault.places(placeOf(''))) if (!named.has(place)) await vault.drop(place)
      return { ...photos, waiting: waitingOf(photos) }
    })
  }

  /** Sends everything that waits and reads everything that is new, turn by turn. */
  async sync(told: (progress: Progress) => void): Promise<Exchanged> {
    this.link.begin()
    const { waiting } = await this.read<Stands>('stands')
    const watch = new Watch(this.link, 'entries', { waiting, photos: await this.photosWaiting() }, told)
    try {
      return await this.exchange(watch)
    } finally {
      watch.end()
    }
  }

  private async exchange(watch: Watch): Promise<Exchanged> {
    const remarks: Turn['remarks'] = []
    let sent = 0
    for (;;) {
      const turn = await this.oneTurn()
      remarks.push(...turn.remarks)
      sent += turn.sent
      watch.turned(turn)
      if (!turn.go_on) {
        await this.askVillages()
        await this.guarded(() => this.snapshotIfDue())
        await this.open().put(EXCHANGED_AT, bytesOf(JSON.stringify(Date.now())))
        return { sent, waiting: turn.waiting, remarks, clockOffsetMs: turn.clock_offset_ms, ...watch.traffic }
      }
    }
  }

  /** Stops what is on its way. Nothing is lost: what the server has not answered for goes again. */
  stop(): void {
    this.link.stop()
  }

  /** When an exchange came through last, by this device's clock. */
  async exchangedAt(): Promise<number | undefined> {
    const kept = await this.open().get(EXCHANGED_AT)
    return kept && jsonIn<number>(kept)
  }

  private async begin(vault: Vault): Promise<Stands> {
    this.lock()
    const release = await alone(vault.person.id)
    if (release === undefined) {
      vault.close()
      throw refusal('phone/in-use', 'Đang mở ở một thẻ khác của trình duyệt; dùng thẻ đó', 'Open in another tab of this browser; use that one')
    }
    this.vault = vault
    this.release = release
    try {
      return await this.guarded(async () => (await this.opened()).ask<Stands>('stands').done)
    } catch (error) {
      this.lock()
      throw error
    }
  }

  /** The core; opened from disk when there is none. */
  private async opened(): Promise<Core> {
    if (this.core !== undefined) return this.core
    const keeper = this.open()
    const [core, { command, parts, replayed }] = [await Core.start(await this.module), await keeper.start(today())]
    core.ask(command, parts)
    const villages = await keeper.get(VILLAGES)
    if (villages !== undefined) core.ask('surveys', [villages])
    this.core = core
    this.bytesToReplay = replayed
    return core
  }

  private open(): Keeper {
    const keeper = this.vault ?? this.practice
    if (keeper === undefined) throw refusal('phone/locked', 'Máy đang khóa; nhập mã PIN', 'This phone is locked; enter the PIN')
    return keeper
  }

  private async put(place: string, plain: Uint8Array): Promise<void> {
    await this.open()
      .put(place, plain)
      .catch((error: unknown) => {
        throw notSaved(error)
      })
  }

  /** The vault of somebody who was let in. */
  private letIn(): Vault {
    if (this.vault === undefined) throw refusal('phone/practice', 'Đang luyện tập: không gửi gì đi', 'This is practice: nothing is sent')
    return this.vault
  }

  /** One after the other: records are in the order in which the core made them. */
  private guarded<T>(work: () => Promise<T>): Promise<T> {
    const done = this.turn.then(work)
    this.turn = done.catch(() => undefined)
    return done
  }

  /** Does something that gives records, and puts those on disk. */
  private async written<T>(command: unknown, parts: Uint8Array[]): Promise<T> {
    return (await this.writtenWith<T>(command, parts)).done
  }

  /** The same with the parts that came beside the answer. */
  private async writtenWith<T>(command: unknown, parts: Uint8Array[]): Promise<Done<T>> {
    const [core, vault] = [await this.opened(), this.open()]
    try {
      const answer = core.ask<T>(command, parts)
      const records = answer.parts[0]
      if (records !== undefined && records.length > 0) {
        await vault.append(records)
        this.bytesToReplay += records.length
      }
      return answer
    } catch (error) {
      // It trapped, or it is ahead of the disk; an answer that was not the server's may have been taken in part.
      if (!(error instanceof Refused) || error.fault.slug === 'phone/untrusted') this.core = undefined
      throw error instanceof Trapped || error instanceof Refused ? error : notSaved(error)
    }
  }

  /** Names change rarely and nothing waits for them: once a day is enough, when a village is new, and when a name was missed. */
  private async askVillages(): Promise<void> {
    const { scopes } = (await this.opened()).ask<Stands>('stands').done
    const known = await this.villages()
    const isNamed = ({ village, round }: Scope) => known.some((one) => one.village === village && one.round === round)
    if (scopes.every(isNamed) && Date.now() - this.villagesAskedMs < DAY_MS) return
    const villages = await this.withToken((token) => this.link.getBytes('/api/devices/self/villages', token))
    const writers = await this.withToken((token) => this.link.getBytes('/api/devices/self/writers', token))
    await this.guarded(async () => {
      ;(await this.opened()).ask('surveys', [villages])
      await this.letIn().put(VILLAGES, villages)
      await this.letIn().put(WRITERS, writers)
    })
    this.villagesAskedMs = Date.now()
  }

  /** Whoever has written here. With `isMissed`, one was not among them: the server is asked again with the next exchange. */
  async writers(isMissed: boolean): Promise<Writer[]> {
    if (isMissed) this.villagesAskedMs = 0
    const kept = await this.open().get(WRITERS)
    return kept === undefined ? [] : jsonIn<Writer[]>(kept)
  }

  private async snapshotIfDue(): Promise<void> {
    const vault = this.open()
    const core = await this.opened()
    if (this.bytesToReplay < MOST_BYTES && (await vault.runs()) < MOST_RUNS) return
    const { parts } = core.ask('snapshot')
    if (parts[0] === undefined) return
    await vault.replace(parts[0])
    this.bytesToReplay = 0
  }

  /** One request and its answer. What was cut goes again, smaller, as long as that can be. */
  private async oneTurn(): Promise<Turn> {
    for (;;) {
      const { parts } = await this.guarded(async () => (await this.opened()).ask({ request: { clocks: clocks() } }))
      const began = performance.now()
      try {
        const body = parts[0] ?? new Uint8Array()
        const answer = await this.withToken((token) => this.link.postMessage('/api/sync', body, token))
        const tookMs = Math.round(performance.now() - began)
        await this.guarded(async () => (await this.opened()).ask({ came_through: { took_ms: tookMs } }))
        return await this.guarded(() => this.written<Turn>({ answer: { clocks: clocks() } }, [answer]))
      } catch (error) {
        if (!(await this.goesAgain(error))) throw error
      }
    }
  }

  private async goesAgain(error: unknown): Promise<boolean> {
    const possible = (command: unknown) =>
      this.guarded(async () => (await this.opened()).ask<{ is_possible: boolean }>(command).done.is_possible)
    if (error instanceof Cut) {
      this.link.wasCut()
      return possible({ cut: { way: error.way } })
    }
    return error instanceof Refused && error.fault.slug === 'sync/version' && possible('speak_older')
  }

  /** Asks with the token, and with a new one where the old one is over. */
  private async withToken(asked: (token: string) => Promise<Uint8Array>): Promise<Uint8Array> {
    try {
      return await asked(await this.token())
    } catch (error) {
      if (!(error instanceof Refused) || error.fault.slug !== 'device/token-not-valid') throw error
      return asked(await this.renewed())
    }
  }

  private async token(): Promise<string> {
    return new TextDecoder().decode(await this.letIn().get(TOKEN))
  }

  /** A new token, for the phone's signature on a challenge. */
  private async renewed(): Promise<string> {
    const vault = this.letIn()
    const { challenge } = await this.link.postJson<Challenge>('/api/device-challenges', null)
    const secret = await vault.get(SECRET)
    const asked = { sign: { server_key: vault.person.serverKey, challenge } }
    const signing = await Core.start(await this.module)
    const { done } = signing.ask<{ body: unknown }>(asked, secret ? [secret] : [])
    const { token } = await this.link.postJson<{ token: string }>('/api/device-tokens', done.body)
    await vault.put(TOKEN, bytesOf(token))
    return token
  }
}

/** Holds a person's vault for this tab; nothing when another one has it. */
async function alone(id: string): Promise<(() => void) | undefined> {
  return new Promise((given) => {
    void navigator.locks.request(`rasoat ${id}`, { ifAvailable: true }, (lock) => {
      if (lock === null) return given(undefined)
      return new Promise<void>((release) => given(release))
    })
  })
}

/** The data key for a forgotten PIN, sealed to the commune; nothing where no commune could open it. */
function keptIn(core: Core, { server_key, recovery_key }: Enrolled, keys: [Uint8Array, Uint8Array]): Kept | undefined {
  if (recovery_key === null) return undefined
  const seed = crypto.getRandomValues(new Uint8Array(32))
  const { done, parts } = core.ask<{ commune: number }>({ keep_key: { server_key, recovery_key } }, [seed, ...keys])
  return parts[0] && { commune: done.commune, key: parts[0] }
}

function untrusted(): Refused {
  return refusal('phone/untrusted', 'Không tin được câu trả lời của máy chủ', "The server's answer cannot be trusted")
}

function notSaved(error: unknown): Refused {
  const [vi, en] = ['Chưa lưu được vào máy; giải phóng bộ nhớ rồi lưu lại', 'Not saved on this device; free some space and save again']
  return refusal('vault/not-saved', vi, en, String(error))
}

/** What a screen is told of whatever was thrown. */
export function told(error: unknown): Fault {
  if (error instanceof NoLine) {
    return refusal('link/none', 'Không có mạng; dữ liệu vẫn ở trên máy', 'No network; everything is still on this phone').fault
  }
  if (error instanceof Cut) {
    return refusal('link/cut', 'Đường truyền đứt; sẽ gửi tiếp từ chỗ dừng', 'The line broke off; it goes on from where it stopped').fault
  }
  if (error instanceof Stopped) {
    return refusal('link/stopped', 'Đã dừng; phần chưa gửi vẫn ở trên máy', 'Stopped; what was not sent is still on this phone').fault
  }
  if (error instanceof Trapped) {
    const [vi, en] = ['Ứng dụng không đọc được dữ liệu này; hãy cập nhật ứng dụng', 'The app cannot read this; update it']
    return refusal('core/trapped', vi, en, error.message).fault
  }
  return faultOf(error)
}
