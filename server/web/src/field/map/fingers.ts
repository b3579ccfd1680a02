// One finger drags, two pinch, and a short touch is a tap. A mouse is a finger, and its wheel comes nearer or goes away.

import type { Pixel } from './view'

export interface Moves {
  drag(by: Pixel): void
  pinch(times: number, about: Pixel): void
  tap(at: Pixel): void
}

/** A finger is not still: what moved less was a tap. */
const STILL = 8
/** So many pixels of the wheel come about three times as near. */
const WHEEL = 400

export function fingers(element: HTMLElement, moves: Moves): { destroy(): void } {
  const down = new Map<number, Pixel>()
  let [travelled, isTap] = [0, false]
  const until = new AbortController()
  const on = <K extends keyof HTMLElementEventMap>(name: K, done: (event: HTMLElementEventMap[K]) => void) =>
    element.addEventListener(name, done, { signal: until.signal, passive: false })

  on('pointerdown', (event) => {
    element.setPointerCapture(event.pointerId)
    isTap = down.size === 0
    travelled = 0
    down.set(event.pointerId, pixelOf(event, element))
  })
  on('pointermove', (event) => {
    const before = down.get(event.pointerId)
    if (before === undefined) return
    const now = pixelOf(event, element)
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1]
    down.set(event.pointerId, now)
    travelled += apart(before, now)
    if (other === undefined) return moves.drag({ x: now.x - before.x, y: now.y - before.y })
    const [wide, narrow] = [apart(now, other), apart(before, other)]
    // What lies between the fingers follows their middle.
    moves.drag({ x: (now.x - before.x) / 2, y: (now.y - before.y) / 2 })
    if (wide > 0 && narrow > 0) moves.pinch(wide / narrow, { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 })
  })
  on('pointerup', (event) => {
    down.delete(event.pointerId)
    if (isTap && travelled < STILL) moves.tap(pixelOf(event, element))
    isTap = false
  })
  on('pointercancel', (event) => {
    down.delete(event.pointerId)
    isTap = false
  })
  on('wheel', (event) => {
    event.preventDefault()
    moves.pinch(Math.exp(-event.deltaY / WHEEL), pixelOf(event, element))
  })
  return { destroy: () => until.abort() }
}

function pixelOf(event: MouseEvent, element: HTMLElement): Pixel {
  const { left, top } = element.getBoundingClientRect()
  return { x: event.clientX - left, y: event.clientY - top }
}

function apart(one: Pixel, other: Pixel): number {
  return Math.hypot(one.x - other.x, one.y - other.y)
}
