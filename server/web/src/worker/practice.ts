// A phone to try things out on: in memory, for nobody, and gone when it is left. It has no token, so nothing of it can go anywhere.

import type { Keeper, Start } from './keeper'
import { VILLAGES } from './keeper'
import type { SurveyedVillage } from '../shared/phone'

const SCOPE = { village: 1, round: 'luyen-tap' }

export class Practice implements Keeper {
  private readonly things = new Map<string, Uint8Array<ArrayBuffer>>()
  private readonly seed = crypto.getRandomValues(new Uint8Array(32))

  constructor(today: string) {
    const round = { round_name: 'Luyện tập', reference_on: today, b1_mode: 'paper' } as const
    const place = { village_name: 'Thôn luyện tập', commune: 0, commune_name: '', area: 'rural' } as const
    const villages: SurveyedVillage[] = [{ ...SCOPE, ...round, ...place, left_out: [] }]
    this.things.set(VILLAGES, new TextEncoder().encode(JSON.stringify(villages)))
  }

  async start(today: string): Promise<Start> {
    return { command: { practise: { ...SCOPE, today } }, parts: [this.seed], replayed: 0 }
  }

  /** Nothing is opened again: what was tried out is gone with the core. */
  async append(): Promise<void> {}

  async replace(): Promise<void> {}

  async runs(): Promise<number> {
    return 0
  }

  async get(place: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.things.get(place)
  }

  async put(place: string, plain: Uint8Array): Promise<void> {
    this.things.set(place, new Uint8Array(plain))
  }

  async drop(place: string): Promise<void> {
    this.things.delete(place)
  }

  async places(beginning: string): Promise<string[]> {
    return [...this.things.keys()].filter((place) => place.startsWith(beginning))
  }

  close(): void {
    this.things.clear()
  }
}
