// A forgotten PIN: asks the commune to open what was kept when the vault was made, and takes the answer.
//
// Owns the order of these steps. Nothing of the vault is opened by them but with the key that comes back; what is asked is kept
// under the browser's own key, so that the phone may be put away in between.

import { Refused, refusal } from '../shared/fault'
import type { Opening } from '../shared/phone'
import { Core } from './core'
import { type Link, jsonIn } from './link'
import { Forgotten, Vault } from './vault'

/** What was asked: how to hear of the answer, and what opens it. */
interface Asked {
  token: string
  code: string
  expiresAt: string
  reply: number[]
}

/** `AnswerView` of the server. */
interface Answer {
  state: 'asked' | 'confirmed' | 'opened' | 'refused'
  by: string[]
  at: string | null
  reason: string | null
  opened_key: string | null
}

/** What this phone knows by itself of opening somebody's vault. */
export async function known(id: string): Promise<Opening> {
  return withPerson(id, async (person) => {
    const asked = await askedBy(person)
    if (asked !== undefined) return { is: 'asked', code: asked.code, expiresAt: asked.expiresAt, by: [] }
    return { is: person.person.kept === undefined ? 'impossible' : 'not_asked' }
  })
}

/** Asks the commune to open somebody's vault, in the place of what was asked before. */
export async function ask(id: string, module: WebAssembly.Module, link: Link): Promise<Opening> {
  return withPerson(id, async (person) => {
    const kept = await person.kept()
    if (kept === undefined) return { is: 'impossible' }
    const seed = crypto.getRandomValues(new Uint8Array(32))
    const core = await Core.start(module)
    const { done, parts } = core.ask<{ body: unknown; code: string }>({ ask_opening: { commune: kept.commune } }, [seed, kept.key])
    const { token, expires_at } = await link.postJson<{ token: string; expires_at: string }>('/api/openings', done.body)
    const asked: Asked = { token, code: done.code, expiresAt: expires_at, reply: [...(parts[0] ?? [])] }
    await person.ask(new TextEncoder().encode(JSON.stringify(asked)))
    return { is: 'asked', code: asked.code, expiresAt: asked.expiresAt, by: [] }
  })
}

/** How far the commune is. */
export async function look(id: string, link: Link): Promise<Opening> {
  return withPerson(id, async (person) => {
    const asked = await askedBy(person)
    if (asked === undefined) return known(id)
    try {
      const { state, by, reason } = await answerTo(asked, link)
      if (state === 'opened') return { is: 'opened', by }
      if (state === 'refused') return { is: 'refused', by, reason: reason ?? '' }
      return { is: 'asked', code: asked.code, expiresAt: asked.expiresAt, by }
    } catch (error) {
      if (error instanceof Refused && error.fault.slug === 'opening/not-found') return { is: 'over' }
      throw error
    }
  })
}

/** Opens somebody's vault with what the commune has opened, and locks it with a new PIN. */
export async function take(id: string, pin: string, module: WebAssembly.Module, link: Link): Promise<Vault> {
  return withPerson(id, async (person) => {
    const asked = await askedBy(person)
    const answer = asked && (await answerTo(asked, link))
    if (asked === undefined || answer?.opened_key == null) {
      throw refusal('opening/not-found', 'Xã chưa mở máy này', 'The commune has not opened this phone')
    }
    const core = await Core.start(module)
    const take = { take_key: { device: person.person.device } }
    const { parts } = core.ask(take, [new Uint8Array(asked.reply), bytesOfHex(answer.opened_key)])
    return Vault.reopen(id, parts[0] ?? new Uint8Array(), pin, { at: answer.at ?? '', by: answer.by })
  })
}

async function withPerson<T>(id: string, work: (person: Forgotten) => Promise<T>): Promise<T> {
  const person = await Forgotten.of(id)
  try {
    return await work(person)
  } finally {
    person.close()
  }
}

async function askedBy(person: Forgotten): Promise<Asked | undefined> {
  const asked = await person.asked()
  return asked && jsonIn<Asked>(asked)
}

async function answerTo({ token }: Asked, link: Link): Promise<Answer> {
  return jsonIn<Answer>(await link.getBytes('/api/openings/own', token))
}

function bytesOfHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16))
}
