// Draws the map: borders, households, where somebody stands. Everything lies on the plane; the view says what is seen.

import type { Place } from '../geo'
import type { Line } from '../../shared/phone'
import { INK, MARKS, ORDER, REACH, type Shown, WIDTH } from './marks'
import { type Pixel, type Size, type View, onScreen } from './view'

/** A household where its house stands. */
export interface Marked extends Place {
  line: Line
  shown: Shown
}

export interface Border {
  name: string
  rings: Place[][]
}

export interface Scene {
  marks: Marked[]
  borders: Border[]
  /** Where somebody stands, give or take so many metres. */
  here: { place: Place; accuracy: number } | undefined
  /** What was tapped last. */
  chosen: Marked[]
}

/** More on one screen than can lie side by side are drawn smaller. */
const MANY = 400
const SMALLER = 0.7
const GROUND = '#f7faf8'
const LAND = '#e3efe7'
const BORDER = '#4a5850'
const HERE = '#1a56db'
/** From the middle of the cross that shows where somebody stands. */
const ARM = 20
/** Pixels between a name and what is beside it, and from the upper edge to its foot. */
const NAME_GAP = 6
const NAME_HEIGHT = 18

export function draw(context: CanvasRenderingContext2D, size: Size, pixelRatio: number, view: View, scene: Scene): void {
  context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0)
  context.fillStyle = GROUND
  context.fillRect(0, 0, size.width, size.height)
  for (const border of scene.borders) drawBorder(context, size, view, border)
  // After all of them: the next border would cover the name.
  for (const border of scene.borders) drawName(context, size, view, border)
  if (scene.here !== undefined) drawHere(context, size, view, scene.here)
  const seen = scene.marks.map((mark) => ({ mark, at: onScreen(view, size, mark) })).filter(({ at }) => isSeen(at, size))
  const scale = seen.length > MANY ? SMALLER : 1
  for (const shown of ORDER) {
    const stamp = stampOf(shown, scale, pixelRatio)
    const half = REACH * scale
    for (const { mark, at } of seen) if (mark.shown === shown) context.drawImage(stamp, at.x - half, at.y - half, 2 * half, 2 * half)
  }
  for (const mark of scene.chosen) ring(context, onScreen(view, size, mark), REACH + 3, INK)
}

function isSeen({ x, y }: Pixel, { width, height }: Size): boolean {
  return x > -REACH && y > -REACH && x < width + REACH && y < height + REACH
}

function drawBorder(context: CanvasRenderingContext2D, size: Size, view: View, { rings }: Border): void {
  context.beginPath()
  for (const places of rings) {
    for (const [at, place] of places.entries()) {
      const { x, y } = onScreen(view, size, place)
      if (at === 0) context.moveTo(x, y)
      else context.lineTo(x, y)
    }
  }
  context.fillStyle = LAND
  // Holes lie within: what two borders enclose is outside again.
  context.fill('evenodd')
  context.strokeStyle = BORDER
  context.lineWidth = 2
  context.setLineDash([8, 4])
  context.stroke()
  context.setLineDash([])
}

/** A name stands above its border, where it covers no house, and within the picture as long as any of the border is. */
function drawName(context: CanvasRenderingContext2D, size: Size, view: View, { name, rings }: Border): void {
  const corners = rings.flat().map((place) => onScreen(view, size, place))
  const [left, right] = [Math.min(...corners.map(({ x }) => x)), Math.max(...corners.map(({ x }) => x))]
  const [top, bottom] = [Math.min(...corners.map(({ y }) => y)), Math.max(...corners.map(({ y }) => y))]
  if (corners.length === 0 || right < 0 || left > size.width || bottom < 0 || top > size.height) return
  context.font = '600 14px system-ui, sans-serif'
  context.textAlign = 'center'
  const half = context.measureText(name).width / 2 + NAME_GAP
  const x = Math.min(size.width - half, Math.max(half, (left + right) / 2))
  const y = Math.max(NAME_HEIGHT, top - NAME_GAP)
  context.lineWidth = 4
  context.strokeStyle = GROUND
  context.strokeText(name, x, y)
  context.fillStyle = BORDER
  context.fillText(name, x, y)
}

/** Under the marks; a cross that is wider than any of them shows it all the same. */
function drawHere(context: CanvasRenderingContext2D, size: Size, view: View, { place, accuracy }: { place: Place; accuracy: number }): void {
  const at = onScreen(view, size, place)
  context.beginPath()
  context.arc(at.x, at.y, accuracy / view.metresPerPixel, 0, 2 * Math.PI)
  context.fillStyle = 'rgb(26 86 219 / 0.15)'
  context.fill()
  ring(context, at, accuracy / view.metresPerPixel, HERE)
  context.beginPath()
  context.moveTo(at.x - ARM, at.y)
  context.lineTo(at.x + ARM, at.y)
  context.moveTo(at.x, at.y - ARM)
  context.lineTo(at.x, at.y + ARM)
  context.lineWidth = 4
  context.stroke()
}

function ring(context: CanvasRenderingContext2D, { x, y }: Pixel, radius: number, colour: string): void {
  context.beginPath()
  context.arc(x, y, radius, 0, 2 * Math.PI)
  context.lineWidth = 2
  context.strokeStyle = colour
  context.stroke()
}

const stamps = new Map<string, HTMLCanvasElement>()

/** A mark drawn once: thousands of copies cost little. */
function stampOf(shown: Shown, scale: number, pixelRatio: number): HTMLCanvasElement {
  const key = `${shown} ${scale} ${pixelRatio}`
  const known = stamps.get(key)
  if (known !== undefined) return known
  const stamp = document.createElement('canvas')
  stamp.width = stamp.height = Math.ceil(2 * REACH * scale * pixelRatio)
  const context = stamp.getContext('2d')
  if (context !== null) {
    const unit = stamp.width / (2 * REACH)
    context.setTransform(unit, 0, 0, unit, stamp.width / 2, stamp.width / 2)
    const outline = new Path2D(MARKS[shown].path)
    context.lineJoin = 'round'
    context.lineWidth = WIDTH + 2
    context.strokeStyle = '#ffffff'
    context.stroke(outline)
    context.fillStyle = MARKS[shown].fill
    context.fill(outline)
    context.lineWidth = WIDTH
    context.strokeStyle = INK
    context.stroke(outline)
  }
  stamps.set(key, stamp)
  return stamp
}
