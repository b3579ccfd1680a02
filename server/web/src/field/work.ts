// What is done with households: asked of the phone, and said to it. Nothing is shown as done before the phone has it on disk.

import type { Remote } from 'comlink'
import { Refused, refusal, type Told, type Words } from '../shared/fault'
import { type Asked, type Form, type Outline, type Subject, type Value, pathOf } from '../shared/form'
import type { Household, Result, Scope, Writer } from '../shared/phone'
import { today } from '../shared/day'
import type { Door } from '../worker/worker'
import { texts } from './words'

/** A section in hand: whose, and what was said of it that is not in the document yet. */
export interface Draft {
  household: string
  scope: Scope
  section: string
  subject: Subject
  answers: Record<string, Value | null>
  /** The disagreement that this decides, where neither side holds. */
  settles?: string
}

/** The name of a section in hand: no other one is kept in its place. */
function nameOf({ household, section, subject, settles }: Draft): string {
  return [household, section, 'id' in subject ? subject.id : '', settles ?? ''].join(' ')
}

/** Whether somebody was met at a visit. */
export function isMet({ household }: Seen): boolean {
  return Object.values(household.visits ?? {}).some((said) => said['outcome'] === 'met')
}

type Visit = Record<string, Value>

/** Visits by their day, then by their attempt: the earlier one first. */
export function visitOrder(one: Visit, other: Visit): number {
  const days = String(one['visited_on'] ?? '').localeCompare(String(other['visited_on'] ?? ''))
  return days !== 0 ? days : Number(one['attempt'] ?? 0) - Number(other['attempt'] ?? 0)
}

function sameSubject(one: Subject, other: Subject): boolean {
  return one.of === other.of && ('id' in one ? one.id : '') === ('id' in other ? other.id : '')
}

/** Whether two drafts are of one section. */
export function isSame(one: Draft, other: Draft): boolean {
  return nameOf(one) === nameOf(other)
}

/** A household with how far it is. */
export interface Seen {
  household: Household
  outline: Outline[]
  /** What form A says; null where it is not asked. */
  screening: 'review' | 'no_review' | 'undetermined' | null
}

/** What writing came to. */
interface Committed {
  written: { household: string; minted: Record<string, string> }[]
  faults: { path: string; slug: string; words: Words }[]
}

/** Takes an answer out of what the Worker told, or throws what it was refused with. */
export async function got<T>(told: Promise<Told<T>>): Promise<T> {
  const answer = await told
  if ('fault' in answer) throw new Refused(answer.fault)
  return answer.ok
}

export class Work {
  constructor(
    private readonly door: Remote<Door>,
    /** Called after anything was written. */
    private readonly changed: () => Promise<void>,
    /** Called after a photo was kept. */
    private readonly attached: () => Promise<void>,
  ) {}

  form(): Promise<Form> {
    return this.read<Form>({ form: {} })
  }

  async show(household: string): Promise<Seen> {
    const shown = await this.read<Household>({ show: { household, view: 'mine' } })
    const { outline, screening } = await this.read<Pick<Seen, 'outline' | 'screening'>>({ outline: { household } })
    return { household: shown, outline, screening }
  }

  /** The same with what colleagues have shared and the server has not told of yet. */
  preview(household: string): Promise<Household> {
    return this.read<Household>({ show: { household, view: 'preview' } })
  }

  /** What a household comes to, once its form is complete: from then on what is changed says that it was seen. */
  async result(household: string): Promise<Result> {
    return got(this.door.result(household))
  }

  /** What a section asks, with what is in hand. */
  async asked({ household, section, subject, answers }: Draft): Promise<Asked[]> {
    return (await this.read<{ questions: Asked[] }>({ asked: { household, section, subject, answers } })).questions
  }

  /** Keeps what is in hand, so that a tab that is killed loses nothing of it. */
  async keep(draft: Draft): Promise<void> {
    await got(this.door.keepDraft(nameOf(draft), draft))
  }

  /** What is in hand. */
  async drafts(): Promise<Draft[]> {
    return (await got(this.door.drafts())) as Draft[]
  }

  /** Lets go of what was in hand. */
  async drop(draft: Draft): Promise<void> {
    await got(this.door.dropDraft(nameOf(draft)))
    await this.changed()
  }

  /** Writes what is in hand into the document, as one change. */
  async save(draft: Draft): Promise<void> {
    const { household, subject, answers, settles } = draft
    const edits = Object.entries(answers).map(([key, value]) => [household, pathOf(subject, key), value])
    if (settles !== undefined) await this.written('settle', { household, disagreement: settles, choice: { set: edits } })
    else if (edits.length > 0) await this.written('edit', { edits })
    await this.drop(draft)
  }

  /** What last year's list had in a section still holds, as the last visit found; with what is in hand of it. */
  async confirm(draft: Draft): Promise<void> {
    const { household, section, subject } = draft
    const visits = Object.entries((await this.show(household)).household.visits ?? {}).sort(([, a], [, b]) => visitOrder(b, a))
    const visit = visits[0]?.[0]
    if (visit === undefined) throw refusal('visit/needed', texts.vi.confirmNeedsVisit, texts.en.confirmNeedsVisit)
    await this.save(draft)
    await this.edit(household, [[`confirmed/${subject.of === 'member' ? `member/${subject.id}` : section}`, visit]])
  }

  /** The section after this one that still asks something; nothing where none does, or where nobody was met. */
  async next({ household, scope, section, subject }: Draft): Promise<Draft | undefined> {
    const seen = await this.show(household)
    if (!isMet(seen)) return undefined
    const all = seen.outline.flatMap(({ subject, sections }) => sections.map((outlined) => ({ subject, ...outlined })))
    const here = all.findIndex((one) => one.section === section && sameSubject(one.subject, subject))
    const asks = all.slice(here + 1).find(({ answered, asked, last_year }) => answered < asked || last_year === 'to_confirm')
    return asks && { household, scope, section: asks.section, subject: asks.subject, answers: {} }
  }

  /** Edits of a household that are no section's: a visit begun, a member listed. Returns the ids of what is new, by its path. */
  async edit(household: string, edits: [string, Value][]): Promise<Record<string, string>> {
    const written = await this.write('edit', { edits: edits.map(([path, value]) => [household, path, value]) })
    return written[0]?.minted ?? {}
  }

  /** Opens the entry of a visit today, the so-manyth. Returns its id. */
  async beginVisit(household: string, attempt: number): Promise<string> {
    const edits: [string, Value][] = [
      ['visits/+today/visited_on', today()],
      ['visits/+today/attempt', attempt],
    ]
    return (await this.edit(household, edits))['visits/+today'] ?? ''
  }

  /** Founds a household. Returns its id. */
  async found(household: object): Promise<string> {
    const written = await this.write('found', { household })
    return written[0]?.household ?? ''
  }

  /** Decides a disagreement: one side holds, or something else does. */
  async settle(household: string, disagreement: string, choice: { take: number } | { set: unknown[] }): Promise<void> {
    await this.write('settle', { household, disagreement, choice })
  }

  /** Says again what the server turned away: these fields of the plan that was seen. What is not named is let go. */
  async sayAgain(household: string, plan: string, fields: string[]): Promise<void> {
    await got(this.door.write('say_again', { household, plan, fields }))
    await this.changed()
  }

  /** Keeps a photo of a household; its answer is its hash. */
  async attach(household: string, file: Blob): Promise<string> {
    const hash = await got(this.door.attach(household, file))
    await this.attached()
    return hash
  }

  photo(hash: string): Promise<Uint8Array | undefined> {
    return got(this.door.photo(hash))
  }

  /** Who wrote each side of something: names by actor. Whoever is not known is asked for with the next exchange. */
  async writers(actors: string[]): Promise<Map<string, string>> {
    const named = (writers: Writer[]) => new Map(writers.map(({ actor, name }) => [actor, name]))
    const known = named(await got(this.door.writers(false)))
    if (actors.some((actor) => !known.has(actor))) await got(this.door.writers(true))
    return known
  }

  private async write(field: string, given: object): Promise<Committed['written']> {
    const written = await this.written(field, given)
    await this.changed()
    return written
  }

  private async written(field: string, given: object): Promise<Committed['written']> {
    const { written, faults } = (await got(this.door.write(field, given))) as Committed
    const fault = faults[0]
    if (fault !== undefined) throw new Refused({ slug: fault.slug, words: fault.words, detail: fault.path })
    return written
  }

  private async read<T>(command: unknown): Promise<T> {
    return (await got(this.door.read(command))) as T
  }
}
