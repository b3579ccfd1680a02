// How far an exchange is, told while it runs: a line that takes minutes for a page is watched byte by byte.

import type { Progress, Turn } from '../shared/phone'
import type { Link } from './link'

/** How often at most it is told. */
const EVERY_MS = 250

export class Watch {
  private progress: Omit<Progress, 'bytesUp' | 'bytesDown' | 'cuts'>
  private readonly before: Link['traffic']
  private toldMs = -Infinity

  constructor(
    private readonly link: Link,
    doing: Progress['doing'],
    waiting: Pick<Progress, 'waiting' | 'photos'>,
    private readonly told: (progress: Progress) => void,
  ) {
    this.before = { ...link.traffic }
    this.progress = { doing, sent: 0, rows: 0, more: false, ...waiting }
    link.moved = () => {
      if (performance.now() - this.toldMs >= EVERY_MS) this.tell()
    }
    this.tell()
  }

  turned({ sent, waiting, rows, more }: Turn): void {
    const { sent: before, rows: read } = this.progress
    this.progress = { ...this.progress, sent: before + sent, waiting, rows: read + rows, more }
    this.tell()
  }

  photosLeft(photos: Progress['photos']): void {
    this.progress = { ...this.progress, photos }
    this.tell()
  }

  /** What went over the line since it began. */
  get traffic(): Pick<Progress, 'bytesUp' | 'bytesDown' | 'cuts'> & { roundTrips: number } {
    const [before, { bytesUp, bytesDown, cuts, roundTrips }] = [this.before, this.link.traffic]
    return {
      bytesUp: bytesUp - before.bytesUp,
      bytesDown: bytesDown - before.bytesDown,
      cuts: cuts - before.cuts,
      roundTrips: roundTrips - before.roundTrips,
    }
  }

  end(): void {
    this.link.moved = () => undefined
  }

  private tell(): void {
    this.toldMs = performance.now()
    const { bytesUp, bytesDown, cuts } = this.traffic
    this.told({ ...this.progress, bytesUp, bytesDown, cuts })
  }
}
