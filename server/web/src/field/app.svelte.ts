// What the screens share: which screen is shown, in which language, and what the phone said last.

import { proxy, type Remote, wrap } from 'comlink'
import { type Fault, Refused, type Told, type Words } from '../shared/fault'
import { type Asked, type Form, type Outline, type Subject, type Value, pathOf } from '../shared/form'
import type { Exchanged, Holder, Household, Line, Opening, PackedList, Scope, Scored, Stands, SurveyedVillage, Turn } from '../shared/phone'
import type { Door } from '../worker/worker'
import { type Language, type Texts, texts } from './words'

export type Screen =
  | { name: 'opening' }
  | { name: 'people' }
  | { name: 'enrol'; slip: Slip | undefined }
  | { name: 'unlock'; id: string; who: string }
  | { name: 'forgotten'; id: string; who: string }
  | { name: 'villages' }
  | { name: 'new' }
  | { name: 'household'; household: string }
  | { name: 'section'; draft: Draft }

/** What the QR code of an enrolment slip says. */
export interface Slip {
  code: string
  serverKey: string
}

/** A section in hand: whose, and what was said of it that is not in the document yet. */
export interface Draft {
  household: string
  scope: Scope
  section: string
  subject: Subject
  answers: Record<string, Value | null>
}

export type SyncState = { is: 'idle' } | { is: 'running'; turn: Turn | undefined } | { is: 'done'; exchanged: Exchanged } | { is: 'failed'; fault: Fault }

const LANGUAGE = 'language'

export class App {
  screen = $state.raw<Screen>({ name: 'opening' })
  language = $state<Language>(localStorage.getItem(LANGUAGE) === 'en' ? 'en' : 'vi')
  people = $state.raw<Holder[]>([])
  stands = $state.raw<Stands | undefined>(undefined)
  lines = $state.raw<Line[]>([])
  syncState = $state<SyncState>({ is: 'idle' })
  form = $state.raw<Form | undefined>(undefined)
  /** Photos that still wait to be sent. */
  photosWaiting = $state(0)
  villages = $state.raw<SurveyedVillage[]>([])
  /** A section that was in hand when the app ended. */
  leftOver = $state.raw<Draft | undefined>(undefined)
  /** What has to be done before the screen in hand is left; a refusal keeps people there. */
  leaving: (() => Promise<void>) | undefined
  private readonly door: Remote<Door>

  constructor(worker: Worker) {
    this.door = wrap<Door>(worker)
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
    this.screen = above(screen)
  }

  async begin(slip: Slip | undefined): Promise<void> {
    document.documentElement.lang = this.language
    this.people = await this.got(this.door.people())
    const isKnown = this.people.length > 0 && slip === undefined
    this.screen = isKnown ? { name: 'people' } : { name: 'enrol', slip }
  }

  async enrol(enrolment: { code: string; serverKey?: string; name: string; pin: string }): Promise<void> {
    await this.got(this.door.enrol(enrolment))
    // Storage that the browser may clear is no place for a day's work.
    void navigator.storage.persist()
    await this.enter()
    void this.sync()
  }

  async unlock(id: string, pin: string): Promise<void> {
    await this.got(this.door.unlock(id, pin))
    await this.enter()
  }

  /** A forgotten PIN: what is known, what the commune says, or asks the commune. */
  async opening(step: 'known' | 'look' | 'ask', id: string): Promise<Opening> {
    return this.got(this.door.opening(step, id))
  }

  /** Opens what the commune has opened, under a new PIN. */
  async openAgain(id: string, pin: string): Promise<void> {
    await this.got(this.door.openAgain(id, pin))
    await this.enter()
  }

  /** An instant for people, by this device's clock. */
  dayAndTime(at: string): string {
    return new Date(at).toLocaleString(this.language === 'vi' ? 'vi-VN' : 'en-GB', { dateStyle: 'short', timeStyle: 'short', timeZone: 'Asia/Ho_Chi_Minh' })
  }

  async lock(): Promise<void> {
    await this.door.lock()
    this.lines = []
    this.stands = undefined
    this.syncState = { is: 'idle' }
    this.people = await this.got(this.door.people())
    this.screen = { name: 'people' }
  }

  async sync(): Promise<void> {
    if (this.syncState.is === 'running') return
    this.syncState = { is: 'running', turn: undefined }
    try {
      const turned = proxy((turn: Turn) => (this.syncState = { is: 'running', turn }))
      const exchanged = await this.got(this.door.sync(turned))
      this.syncState = { is: 'done', exchanged }
      // After everything else, and whatever becomes of them: data are never held up.
      this.photosWaiting = await this.got(this.door.sendPhotos())
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      this.syncState = { is: 'failed', fault: error.fault }
    }
    await this.nameVillages()
    await this.refresh()
  }

  async show(household: string): Promise<{ household: Household; outline: Outline[] }> {
    const shown = await this.read<Household>({ show: { household, view: 'mine' } })
    const { outline } = await this.read<{ outline: Outline[] }>({ outline: { household, as_of: this.dayOf(shown) } })
    return { household: shown, outline }
  }

  /** What a household comes to, as far as this phone knows. */
  async scored(household: string, scope: Scope): Promise<Scored> {
    const place = this.placeOf(scope)
    const area = place?.area == null ? {} : { area: place.area }
    const source = place && { paper: 'paper', points: 'table', training: undefined }[place.b1_mode]
    const scoring = { as_of: this.dayOf(scope), ...area, ...(source === undefined ? {} : { b1: source }) }
    return this.read<Scored>({ classify: { household, view: 'mine', scoring } })
  }

  /** What the server says of a village; nothing before it was asked. */
  placeOf({ village, round }: Scope): SurveyedVillage | undefined {
    return this.villages.find((one) => one.village === village && one.round === round)
  }

  /** The day to which ages are counted: the round's, or today where that is not known yet. */
  private dayOf(scope: Scope): string {
    return this.placeOf(scope)?.reference_on ?? today()
  }

  /** Keeps a photo of a household; its answer is its hash. */
  async attach(household: string, file: Blob): Promise<string> {
    return this.got(this.door.attach(household, file))
  }

  async photo(hash: string): Promise<Uint8Array | undefined> {
    return this.got(this.door.photo(hash))
  }

  /** One side of a disagreement holds. */
  async settle(household: string, disagreement: string, side: number): Promise<void> {
    await this.write('settle', { household, disagreement, choice: { take: side } })
  }

  /** What a section asks, with what is in hand. */
  async asked({ household, scope, section, subject, answers }: Draft): Promise<Asked[]> {
    const asked = { household, section, subject, answers, as_of: this.dayOf(scope) }
    return (await this.read<{ questions: Asked[] }>({ asked })).questions
  }

  /** Keeps what is in hand, so that a tab that is killed loses nothing of it. */
  async keep(draft: Draft): Promise<void> {
    await this.got(this.door.keepDraft(draft))
  }

  /** Writes what is in hand into the document, as one change. */
  async save({ household, subject, answers }: Draft): Promise<void> {
    const edits = Object.entries(answers).map(([key, value]) => [household, pathOf(subject, key), value])
    if (edits.length > 0) await this.write('edit', { edits })
    await this.got(this.door.dropDraft())
    this.leftOver = undefined
  }

  /** Edits of a household that are no section's: a visit begun, a member listed. Returns the ids of what is new, by its path. */
  async edit(household: string, edits: [string, Value][]): Promise<Record<string, string>> {
    const written = await this.write('edit', { edits: edits.map(([path, value]) => [household, path, value]) })
    return written[0]?.minted ?? {}
  }

  /** Founds a household with its head. Returns its id. */
  async found(scope: Scope, head: string, address: string): Promise<string> {
    const members = [{ full_name: head, relation: 'head', status: 'present' }]
    const answers = address === '' ? {} : { address }
    const written = await this.write('found', { household: { ...scope, answers, members } })
    return written[0]?.household ?? ''
  }

  private async write(field: string, given: object): Promise<Committed['written']> {
    const { written, faults } = (await this.got(this.door.write(field, given))) as Committed
    const fault = faults[0]
    if (fault !== undefined) throw new Refused({ slug: fault.slug, words: fault.words, detail: fault.path })
    await this.refresh()
    return written
  }

  private async enter(): Promise<void> {
    this.form = await this.read<Form>({ form: {} })
    this.leftOver = (await this.got(this.door.draft())) as Draft | undefined
    await this.nameVillages()
    await this.refresh()
    this.screen = { name: 'villages' }
  }

  private async refresh(): Promise<void> {
    this.stands = await this.read<Stands>('stands')
    this.lines = unpacked(await this.read<PackedList>('list'))
  }

  /** The villages change with an exchange only. */
  private async nameVillages(): Promise<void> {
    this.villages = await this.got(this.door.villages())
  }

  private async read<T>(command: unknown): Promise<T> {
    return (await this.got(this.door.read(command))) as T
  }

  private async got<T>(told: Promise<Told<T>>): Promise<T> {
    const answer = await told
    if ('fault' in answer) throw new Refused(answer.fault)
    return answer.ok
  }
}

function above(screen: Screen): Screen {
  switch (screen.name) {
    case 'section':
      return { name: 'household', household: screen.draft.household }
    case 'household':
    case 'new':
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

/** What writing came to. */
interface Committed {
  written: { household: string; minted: Record<string, string> }[]
  faults: { path: string; slug: string; words: Words }[]
}

/** The day on this device, in Vietnam. */
export function today(): string {
  return new Date().toLocaleDateString('sv-SE', { timeZone: 'Asia/Ho_Chi_Minh' })
}

function unpacked({ fields, scopes, rows }: PackedList): Line[] {
  return rows.map((row) => {
    const line = Object.fromEntries(fields.map((field, at) => [field, row[at]]))
    return { ...line, scope: scopes[line['scope'] as number] as Scope } as unknown as Line
  })
}
