// Locking by itself: a phone that was laid down is not open to whoever takes it up.

/** Without a touch for so long, it locks. What is in hand is kept. */
const IDLE_MS = 10 * 60_000

export class Idle {
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly over: () => void) {
    this.stir()
  }

  /** Somebody is there. */
  stir(): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(this.over, IDLE_MS)
  }
}
