import { describe, expect, it } from 'vitest'
import { dragged, fitting, hit, onPlane, onScreen, scaleBar, together, zoomed } from './view'

const SIZE = { width: 300, height: 400 }
const VIEW = { middle: { x: 100, y: 50 }, metresPerPixel: 2 }

describe('a view', () => {
  it('has its middle in the middle, north up', () => {
    expect(onScreen(VIEW, SIZE, { x: 100, y: 50 })).toEqual({ x: 150, y: 200 })
    expect(onScreen(VIEW, SIZE, { x: 300, y: 250 })).toEqual({ x: 250, y: 100 })
    expect(onPlane(VIEW, SIZE, { x: 250, y: 100 })).toEqual({ x: 300, y: 250 })
  })

  it('follows a finger', () => {
    const before = onPlane(VIEW, SIZE, { x: 40, y: 60 })
    expect(onScreen(dragged(VIEW, { x: 25, y: -10 }), SIZE, before)).toEqual({ x: 65, y: 50 })
  })

  it('comes nearer about what two fingers hold, and not nearer than there is anything to see', () => {
    const held = onPlane(VIEW, SIZE, { x: 10, y: 390 })
    const nearer = zoomed(VIEW, SIZE, 2.5, { x: 10, y: 390 })
    expect(nearer.metresPerPixel).toBeCloseTo(0.8)
    expect(onScreen(nearer, SIZE, held).x).toBeCloseTo(10)
    expect(onScreen(nearer, SIZE, held).y).toBeCloseTo(390)
    const nearest = zoomed(VIEW, SIZE, 1e9, { x: 10, y: 390 })
    expect(nearest.metresPerPixel).toBe(0.05)
    expect(onScreen(nearest, SIZE, held).x).toBeCloseTo(10)
    expect(zoomed(VIEW, SIZE, 1e-9, { x: 0, y: 0 }).metresPerPixel).toBe(500)
  })

  it('shows everything, a single house with its surroundings, and nothing at all without harm', () => {
    const places = [{ x: -1_000, y: 0 }, { x: 3_000, y: 500 }]
    const view = fitting(places, SIZE)
    for (const place of places) {
      const { x, y } = onScreen(view, SIZE, place)
      expect(x >= 20 && x <= 280 && y >= 20 && y <= 380, JSON.stringify({ x, y })).toBe(true)
    }
    expect(fitting([{ x: 7, y: 8 }], SIZE)).toEqual({ middle: { x: 7, y: 8 }, metresPerPixel: 0.5 })
    expect(fitting([], SIZE)).toEqual({ middle: { x: 0, y: 0 }, metresPerPixel: 0.5 })
    expect(fitting(places, { width: 0, height: 0 }).metresPerPixel).toBe(500)
  })
})

describe('places', () => {
  it('that were measured in another country do not count for what is shown', () => {
    const village = Array.from({ length: 40 }, (_, n) => ({ x: (n % 8) * 300, y: Math.floor(n / 8) * 300 }))
    expect(together([...village, { x: -11_000_000, y: -2_400_000 }])).toEqual(village)
    const scattered = [...village, { x: 2_900, y: 0 }]
    expect(together(scattered)).toEqual(scattered)
    expect(together([])).toEqual([])
  })

  it('are hit within reach of a finger, the nearest first and few', () => {
    const places = Array.from({ length: 50 }, (_, n) => ({ x: 100 + n * 4, y: 50 }))
    // Two pixels from one to the next.
    expect(hit(places, VIEW, SIZE, { x: 155.5, y: 200 }, 24, 5).map(({ x }) => x)).toEqual([112, 108, 116, 104, 120])
    expect(hit(places, VIEW, SIZE, { x: 155, y: 300 }, 24, 5)).toEqual([])
    expect(hit(places, VIEW, SIZE, { x: 150, y: 200 }, 3, 5).map(({ x }) => x)).toEqual([100, 104])
  })
})

describe('the scale bar', () => {
  it('is a round length that fits', () => {
    expect(scaleBar(2, 100)).toEqual({ metres: 200, pixels: 100 })
    expect(scaleBar(1.99, 100)).toEqual({ metres: 100, pixels: 100 / 1.99 })
    expect(scaleBar(0.05, 100)).toEqual({ metres: 5, pixels: 100 })
    expect(scaleBar(500, 90)).toEqual({ metres: 20_000, pixels: 40 })
  })
})
