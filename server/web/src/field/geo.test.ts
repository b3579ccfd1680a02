import { describe, expect, it } from 'vitest'
import { Plane, distanceText, metresBetween, spotOf } from './geo'

const HANOI = { latitude: 21.0285, longitude: 105.8542 }
const SAIGON = { latitude: 10.7769, longitude: 106.7009 }

describe('distances', () => {
  it('are those of the atlas', () => {
    expect(metresBetween(HANOI, HANOI)).toBe(0)
    expect(metresBetween(HANOI, SAIGON) / 1000).toBeCloseTo(1143.5, 0)
    // A minute of latitude is a nautical mile.
    expect(metresBetween({ latitude: 22, longitude: 104 }, { latitude: 22 + 1 / 60, longitude: 104 })).toBeCloseTo(1853, 0)
    expect(metresBetween({ latitude: 0, longitude: 179.999 }, { latitude: 0, longitude: -179.999 })).toBeCloseTo(222, 0)
    expect(metresBetween({ latitude: 0, longitude: 0 }, { latitude: 0, longitude: 180 })).toBeCloseTo(Math.PI * 6_371_000, 0)
  })

  it('are said in metres below a kilometre, and with one decimal above', () => {
    const said = [0, 3.4, 849.6, 999.4, 999.5, 1_249, 12_345.6].map((metres) => distanceText(metres, 'vi'))
    expect(said).toEqual(['0 m', '3 m', '850 m', '999 m', '1,0 km', '1,2 km', '12,3 km'])
    expect(distanceText(1_249, 'en')).toBe('1.2 km')
  })
})

describe('the plane', () => {
  const plane = new Plane({ latitude: 22.4, longitude: 104.6 })

  it('has its middle where it touches, north up and east to the right', () => {
    expect(plane.at({ latitude: 22.4, longitude: 104.6 })).toEqual({ x: 0, y: 0 })
    const away = plane.at({ latitude: 22.41, longitude: 104.61 })
    expect(away.x).toBeCloseTo(1028, 0)
    expect(away.y).toBeCloseTo(1112, 0)
  })

  it('agrees with the earth to a thousandth within a commune, and leads back', () => {
    for (const [latitude, longitude] of [[22.45, 104.6], [22.4, 104.66], [22.35, 104.55], [22.44, 104.64]] as const) {
      const spot = { latitude, longitude }
      const { x, y } = plane.at(spot)
      const metres = metresBetween({ latitude: 22.4, longitude: 104.6 }, spot)
      expect(Math.abs(Math.hypot(x, y) / metres - 1)).toBeLessThan(0.001)
      expect(plane.spot({ x, y }).latitude).toBeCloseTo(latitude, 9)
      expect(plane.spot({ x, y }).longitude).toBeCloseTo(longitude, 9)
    }
  })

  it('is no number nowhere, not even at a pole', () => {
    const { x, y } = new Plane({ latitude: 90, longitude: 0 }).at({ latitude: -90, longitude: 180 })
    expect(Number.isFinite(x) && Number.isFinite(y)).toBe(true)
  })
})

it('points of the list are in millionths of a degree', () => {
  expect(spotOf([22_412_500, -104_800_001])).toEqual({ latitude: 22.4125, longitude: -104.800001 })
})
