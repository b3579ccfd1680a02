// What part of the plane is seen, and how fingers move it.

import type { Place } from '../geo'

/** A point on the screen, from the upper left corner, in CSS pixels. */
export interface Pixel {
  x: number
  y: number
}

export interface Size {
  width: number
  height: number
}

/** What is in the middle of the screen, and how much of the plane a pixel is. */
export interface View {
  middle: Place
  metresPerPixel: number
}

/** From a doorstep to a province. */
const FINEST = 0.05
const COARSEST = 500
/** Pixels at each edge that are kept free of points. */
const MARGIN = 28
/** Of so many places the nearest part says how large a village is; what lies several times as far was measured wrong. */
const TYPICAL = 0.9
const FARTHER = 4
const LEAST_REACH_M = 3_000

export function onScreen({ middle, metresPerPixel }: View, { width, height }: Size, place: Place): Pixel {
  return { x: width / 2 + (place.x - middle.x) / metresPerPixel, y: height / 2 - (place.y - middle.y) / metresPerPixel }
}

export function onPlane({ middle, metresPerPixel }: View, { width, height }: Size, pixel: Pixel): Place {
  return { x: middle.x + (pixel.x - width / 2) * metresPerPixel, y: middle.y - (pixel.y - height / 2) * metresPerPixel }
}

/** The view after a finger moved by so many pixels: what was under it still is. */
export function dragged(view: View, by: Pixel): View {
  const { middle, metresPerPixel } = view
  return { ...view, middle: { x: middle.x - by.x * metresPerPixel, y: middle.y + by.y * metresPerPixel } }
}

/** The view `times` as near; what is at a pixel stays there. */
export function zoomed(view: View, size: Size, times: number, about: Pixel): View {
  const metresPerPixel = Math.min(COARSEST, Math.max(FINEST, view.metresPerPixel / times))
  const held = onPlane(view, size, about)
  const moved = onPlane({ ...view, metresPerPixel }, size, about)
  return { metresPerPixel, middle: { x: view.middle.x + held.x - moved.x, y: view.middle.y + held.y - moved.y } }
}

/** The view in which all places are seen. */
export function fitting(places: Place[], { width, height }: Size): View {
  const [left, right] = ends(places.map(({ x }) => x))
  const [bottom, top] = ends(places.map(({ y }) => y))
  const room = (pixels: number) => Math.max(1, pixels - 2 * MARGIN)
  const needed = Math.max((right - left) / room(width), (top - bottom) / room(height))
  // One house alone is shown with its surroundings.
  const metresPerPixel = Math.min(COARSEST, Math.max(needed, 0.5))
  return { metresPerPixel, middle: { x: (left + right) / 2, y: (bottom + top) / 2 } }
}

function ends(values: number[]): [number, number] {
  if (values.length === 0) return [0, 0]
  return values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)] as [number, number], [Infinity, -Infinity])
}

/** The places without the few that lie far off: a point in another province must not make a village a dot. */
export function together<T extends Place>(places: T[]): T[] {
  const middle = { x: share(places.map(({ x }) => x), 0.5), y: share(places.map(({ y }) => y), 0.5) }
  const reach = (place: Place) => Math.hypot(place.x - middle.x, place.y - middle.y)
  const most = Math.max(LEAST_REACH_M, FARTHER * share(places.map(reach), TYPICAL))
  return places.filter((place) => reach(place) <= most)
}

/** The value below which a share of all values lies. */
function share(values: number[], part: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.floor((sorted.length - 1) * part)] ?? 0
}

/** A scale bar: a round length that takes at most so many pixels. */
export function scaleBar(metresPerPixel: number, mostPixels: number): { metres: number; pixels: number } {
  const most = metresPerPixel * mostPixels
  const ten = 10 ** Math.floor(Math.log10(most))
  const metres = ten * ([5, 2, 1].find((times) => times * ten <= most) ?? 1)
  return { metres, pixels: metres / metresPerPixel }
}

/** The places nearest to a pixel and within reach of a finger, the nearest first, at most so many. */
export function hit<T extends Place>(places: T[], view: View, size: Size, pixel: Pixel, reach: number, most: number): T[] {
  const found: { place: T; away: number }[] = []
  for (const place of places) {
    const at = onScreen(view, size, place)
    const away = Math.hypot(at.x - pixel.x, at.y - pixel.y)
    if (away <= reach) found.push({ place, away })
  }
  return found.sort((one, other) => one.away - other.away).slice(0, most).map(({ place }) => place)
}
