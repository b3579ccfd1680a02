// What the screens share: which screen is shown, in which language, and what the phone said last.

import { type Remote, wrap } from 'comlink'
import type { Form } from '../shared/form'
import type { Holder, Line, Opening, PackedList, Scope, Stands, SurveyedVillage } from '../shared/phone'
import type { Door } from '../worker/worker'
import { Here } from './here.svelte'
import { Selection } from './selection.svelte'
import { practiceHousehold } from './practice'
import { keepRecordings } from './recordings'
import { Sync } from './sync.svelte'
import { type Draft, Work, got, isSame } from './work'
import { type Language, type Texts, texts } from './words'

export type Screen =
  | { name: 'opening' }
  | { name: 'people' }
  | { name: 'enrol'; slip: Slip | undefined }
  | { name: 'unlock'; id: string; who: string }
  | { name: 'forgotten'; id: string; who: string }
  | { name: 'villages' }
  | { name: 'map' }
  | { name: 'new' }
  | { name: 'sync' }
  | { name: 'household'; household: string }
  | { name: 'section'; draft: Draft }

/** What the QR code of an enrolment slip says. */
export interface Slip {
  code: string
  serverKey: string
}

const LANGUAGE = 'language'

export class App {
  screen = $state.raw<Screen>({ name: 'opening' })
  language = $state<Language>(localStorage.getItem(LANGUAGE) === 'en' ? 'en' : 'vi')
  people = $state.raw<Holder[]>([])
  stands = $state.raw<Stands | undefined>(undefined)
  lines = $state.raw<Line[]>([])
  form = $state.raw<Form | undefined>(undefined)
  villages = $state.raw<SurveyedVillage[]>([])
  /** Sections in hand that are not written into their documents. */
  drafts = $state.raw<Draft[]>([])
  /** Which households are looked at. */
  selection = new Selection()
  here = new Here()
  /** What has to be done before the screen in hand is left; a refusal keeps people there. */
  leaving: (() => Promise<void>) | undefined
  /** Somebody tries things out. */
  isPractice = $state(false)
  readonly work: Work
  readonly sync: Sync
  private readonly door: Remote<Door>

  constructor(worker: Worker) {
    this.door = wrap<Door>(worker)
    this.work = new Work(
      this.door,
      () => this.changed(),
      () => this.sync.look(),
    )
    this.sync = new Sync(
      this.door,
      () => this.stands !== undefined && !this.isPractice,
      () => this.heard(),
    )
  }

  get texts(): Texts {
    return texts[this.language]
  }

  turnLanguage(): void {
    this.language = this.language === 'vi' ? 'en' : 'vi'
    localStorage.setItem(LANGUAGE, this.language)
    document.documentElement.lang = this.language
  }

  /** Opens a screen below this one: the phone's own back leads here again. */
  go(screen: Screen): void {
    this.screen = screen
    history.pushState(null, '')
  }

  /** Opens a section, with what is in hand of it. */
  open(draft: Draft): void {
    this.go({ name: 'section', draft: this.inHand(draft) })
  }

  private inHand(draft: Draft): Draft {
    return this.drafts.find((other) => isSame(other, draft)) ?? draft
  }

  /** Leaves a section for the next one that still asks something, or for its household. */
  async onward(draft: Draft): Promise<void> {
    await this.leaving?.()
    const next = await this.work.next(draft)
    if (next === undefined) return this.up()
    this.screen = { name: 'section', draft: this.inHand(next) }
    scrollTo(0, 0)
  }

  /** Leads back to the screen above, as the phone's own back does. */
  up(): void {
    history.back()
  }

  /** The browser went back. */
  async popped(): Promise<void> {
    const screen = this.screen
    try {
      await this.leaving?.()
    } catch {
      // The screen says why; people are still on it.
      history.pushState(null, '')
      return
    }
    this.screen = above(screen, this.selection.overview)
  }

  async begin(slip: Slip | undefined): Promise<void> {
    document.documentElement.lang = this.language
    this.people = await got(this.door.people())
    const isKnown = this.people.length > 0 && slip === undefined
    this.screen = isKnown ? { name: 'people' } : { name: 'enrol', slip }
  }

  async enrol(enrolment: { code: string; serverKey?: string; name: string; pin: string }): Promise<void> {
    await got(this.door.enrol(enrolment))
    // Storage that the browser may clear is no place for a day's work.
    await this.sync.persist()
    await this.enter()
  }

  async unlock(id: string, pin: string): Promise<void> {
    await got(this.door.unlock(id, pin))
    await this.enter()
  }

  /** A forgotten PIN: what is known, what the commune says, or asks the commune. */
  async opening(step: 'known' | 'look' | 'ask', id: string): Promise<Opening> {
    return got(this.door.opening(step, id))
  }

  /** Opens what the commune has opened, under a new PIN. */
  async openAgain(id: string, pin: string): Promise<void> {
    await got(this.door.openAgain(id, pin))
    await this.enter()
  }

  /** An instant for people, by this device's clock. */
  dayAndTime(at: string): string {
    return new Date(at).toLocaleString(this.language === 'vi' ? 'vi-VN' : 'en-GB', { dateStyle: 'short', timeStyle: 'short', timeZone: 'Asia/Ho_Chi_Minh' })
  }

  /** Takes everything of whoever works here off this device. */
  async remove(): Promise<void> {
    await got(this.door.remove())
    await this.lock()
    if (this.people.length === 0) this.screen = { name: 'enrol', slip: undefined }
  }

  async lock(): Promise<void> {
    this.stands = undefined
    this.sync.close()
    await this.door.lock()
    this.lines = []
    this.selection = new Selection()
    this.here = new Here()
    this.people = await got(this.door.people())
    this.screen = { name: 'people' }
  }

  /** An exchange brought news. */
  private async heard(): Promise<void> {
    await this.nameVillages()
    await this.refresh()
    if (this.form !== undefined) void keepRecordings(this.form)
  }

  /** What the server says of a village; nothing before it was asked. */
  placeOf({ village, round }: Scope): SurveyedVillage | undefined {
    return this.villages.find((one) => one.village === village && one.round === round)
  }

  /** Goes to a phone that is nobody's, with one household to try things out on, and back. */
  async practise(begins: boolean): Promise<void> {
    await this.door.practise(begins)
    this.isPractice = begins
    if (begins) await this.work.found(practiceHousehold())
    await this.enter()
  }

  /** Where the household is that is on the screen. */
  scopeInHand(): Scope | undefined {
    const screen = this.screen
    if (screen.name === 'section') return screen.draft.scope
    return screen.name === 'household' ? this.lines.find(({ household }) => household === screen.household)?.scope : undefined
  }

  /** What is tried out and never recognised: practice on this phone, or a round for training. */
  isTrial(scope: Scope | undefined): boolean {
    return this.isPractice || (scope !== undefined && this.placeOf(scope)?.b1_mode === 'training')
  }

  private async changed(): Promise<void> {
    this.drafts = await this.work.drafts()
    await this.refresh()
    if (this.isPractice) return
    this.sync.occurred('written')
  }

  private async enter(): Promise<void> {
    this.form = await this.work.form()
    this.drafts = await this.work.drafts()
    await this.nameVillages()
    await this.refresh()
    this.screen = { name: 'villages' }
    if (this.isPractice) return
    await this.sync.look()
    this.sync.occurred('unlocked')
  }

  async refresh(): Promise<void> {
    this.stands = await this.read<Stands>('stands')
    this.lines = unpacked(await this.read<PackedList>('list'))
  }

  /** The villages change with an exchange only. */
  private async nameVillages(): Promise<void> {
    this.villages = await got(this.door.villages())
  }

  private async read<T>(command: unknown): Promise<T> {
    return (await got(this.door.read(command))) as T
  }
}

/** `overview`: from where households are opened. */
function above(screen: Screen, overview: 'villages' | 'map'): Screen {
  switch (screen.name) {
    case 'section':
      return { name: 'household', household: screen.draft.household }
    case 'household':
      return { name: overview }
    case 'map':
    case 'new':
    case 'sync':
      return { name: 'villages' }
    case 'forgotten':
      return { name: 'unlock', id: screen.id, who: screen.who }
    case 'unlock':
    case 'enrol':
      return { name: 'people' }
    default:
      return screen
  }
}

function unpacked({ fields, scopes, rows }: PackedList): Line[] {
  return rows.map((row) => {
    const line = Object.fromEntries(fields.map((field, at) => [field, row[at]]))
    return { ...line, scope: scopes[line['scope'] as number] as Scope } as unknown as Line
  })
}
