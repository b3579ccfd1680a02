// The exchange as the screens see it: whether one runs and how far it is, what the last one came to, when the next one begins
// by itself, what is carried for others, and how much room is left.

import { proxy, type Remote } from 'comlink'
import { type Fault, faultOf } from '../shared/fault'
import type { Carried, Exchanged, Packed, PhotosWaiting, Progress, Scope, Taken } from '../shared/phone'
import type { Door } from '../worker/worker'
import { Pace, secondsLeft } from './pace'
import { type End, type Occasion, Rhythm } from './rhythm'
import { type Space, spaceOf } from './space'
import { got } from './work'

export type SyncState =
  | { is: 'idle' }
  | { is: 'running'; progress: Progress | undefined; bytesPerSecond: number | undefined; secondsLeft: number | undefined }
  /** Photos may have stayed behind, and what is carried for others. */
  | { is: 'done'; exchanged: Exchanged; fault: Fault | undefined }
  | { is: 'failed'; fault: Fault }

export class Sync {
  state = $state.raw<SyncState>({ is: 'idle' })
  photos = $state.raw<PhotosWaiting>({ count: 0, bytes: 0 })
  /** When an exchange came through last, by this device's clock. */
  exchangedAtMs = $state<number | undefined>(undefined)
  carried = $state.raw<Carried[]>([])
  space = $state.raw<Space | undefined>(undefined)
  /** Whether the browser promised not to clear what is kept here. */
  isPersisted = $state(true)
  isOnline = $state(navigator.onLine)
  private readonly rhythm = new Rhythm()
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly door: Remote<Door>,
    /** Whether somebody is there whose work may go somewhere. */
    private readonly isOpen: () => boolean,
    /** Called when there is news. */
    private readonly changed: () => Promise<void>,
  ) {
    addEventListener('online', () => {
      this.isOnline = true
      this.occurred('online')
    })
    addEventListener('offline', () => (this.isOnline = false))
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.occurred('visible')
    })
  }

  /** Something happened that may be a reason to sync. */
  occurred(what: Occasion): void {
    this.rhythm.occurred(what, performance.now())
    this.wait()
  }

  /** Syncs now, because somebody wants to or because it is time. */
  async run(): Promise<void> {
    if (this.state.is === 'running' || !this.isOpen()) return
    this.rhythm.began()
    this.state = { is: 'running', progress: undefined, bytesPerSecond: undefined, secondsLeft: undefined }
    const state = await this.exchange()
    // Whoever has left meanwhile is told nothing.
    this.state = this.isOpen() ? state : { is: 'idle' }
    if (this.isOpen()) await this.look()
    this.rhythm.ended(endOf(state), performance.now(), Math.random())
    this.wait()
  }

  /** Stops the exchange. Nothing is lost. */
  stop(): void {
    void this.door.stop()
  }

  /** Nobody is there any more. */
  close(): void {
    this.stop()
    clearTimeout(this.timer)
    this.state = { is: 'idle' }
  }

  /** Looks at what waits and at how much room there is. */
  async look(): Promise<void> {
    if (!this.isOpen()) return
    this.photos = await got(this.door.photosWaiting())
    this.exchangedAtMs = await got(this.door.exchangedAt())
    this.carried = await got(this.door.carried())
    await this.measure()
  }

  async measure(): Promise<void> {
    this.space = spaceOf(await navigator.storage.estimate())
    this.isPersisted = await navigator.storage.persisted()
  }

  /** Asks the browser not to clear what is kept here. */
  async persist(): Promise<void> {
    this.isPersisted = await navigator.storage.persist()
  }

  pack(what: 'goi' | 'sao-luu'): Promise<Packed> {
    return got(this.door.pack(what))
  }

  share(scope: Scope): Promise<Packed> {
    return got(this.door.share(scope))
  }

  /** Takes a file in. A parcel goes to the server as soon as there is a line. */
  async takeIn(file: File): Promise<Taken> {
    const taken = await got(this.door.takeIn(new Uint8Array(await file.arrayBuffer())))
    await this.look()
    await this.changed()
    if (taken.is === 'to_carry') this.occurred('unlocked')
    return taken
  }

  handBack(parcel: string): Promise<Packed> {
    return got(this.door.handBack(parcel))
  }

  async letGo(parcel: string): Promise<void> {
    await got(this.door.letGo(parcel))
    await this.look()
  }

  private async exchange(): Promise<SyncState> {
    try {
      const exchanged = await got(this.door.sync(this.watched()))
      await this.changed()
      // After everything else, and whatever becomes of them: data are never held up.
      return { is: 'done', exchanged, fault: await this.rest() }
    } catch (error) {
      return { is: 'failed', fault: faultOf(error) }
    }
  }

  /** What goes after one's own work: others' parcels, which are small, and photos. */
  private async rest(): Promise<Fault | undefined> {
    try {
      await got(this.door.bring())
      await got(this.door.sendPhotos(this.watched()))
      return undefined
    } catch (error) {
      return faultOf(error)
    }
  }

  private watched(): ((progress: Progress) => void) & ReturnType<typeof proxy> {
    const [began, pace] = [performance.now(), new Pace()]
    return proxy((progress: Progress) => {
      const now = performance.now()
      pace.saw(progress.bytesUp + progress.bytesDown, now)
      const left = secondsLeft(progress, now - began, pace.bytesPerSecond)
      if (this.state.is === 'running') this.state = { is: 'running', progress, bytesPerSecond: pace.bytesPerSecond, secondsLeft: left }
    })
  }

  private wait(): void {
    clearTimeout(this.timer)
    const due = this.rhythm.dueMs
    if (due === undefined || !this.isOpen()) return
    this.timer = setTimeout(() => void (navigator.onLine && this.run()), Math.max(due - performance.now(), 0))
  }
}

function endOf(state: SyncState): End {
  if (state.is === 'done' && state.fault === undefined) return state.exchanged.waiting > 0 ? 'failed' : 'through'
  const slug = state.is === 'done' || state.is === 'failed' ? state.fault?.slug : undefined
  return slug === 'link/none' ? 'no_line' : slug === 'link/stopped' ? 'stopped' : 'failed'
}
