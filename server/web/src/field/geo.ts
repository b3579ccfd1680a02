// Places on the earth and how far apart they are, as exactly as a walk through a village needs it.

/** A place in degrees, north and east positive. */
export interface Spot {
  latitude: number
  longitude: number
}

const EARTH_M = 6_371_000
const DEGREE = Math.PI / 180
const KILOMETRE = 1_000

/** Metres along the earth's surface, by the formula of half versed sines. */
export function metresBetween(one: Spot, other: Spot): number {
  const [from, to] = [one.latitude * DEGREE, other.latitude * DEGREE]
  const halfSine = (angle: number) => Math.sin(angle / 2) ** 2
  const share = halfSine(to - from) + Math.cos(from) * Math.cos(to) * halfSine((other.longitude - one.longitude) * DEGREE)
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(share)))
}

/** `850 m`, `1,2 km`. */
export function distanceText(metres: number, language: 'vi' | 'en'): string {
  const whole = Math.round(metres)
  if (whole < KILOMETRE) return `${whole} m`
  const kilometres = (metres / KILOMETRE).toFixed(1)
  return `${language === 'vi' ? kilometres.replace('.', ',') : kilometres} km`
}

/** A round length: `200 m`, `5 km`. */
export function lengthText(metres: number): string {
  return metres < KILOMETRE ? `${metres} m` : `${metres / KILOMETRE} km`
}

/** Where a line of the list says that the house stands. */
export function spotOf([latitude, longitude]: [number, number]): Spot {
  return { latitude: latitude / 1e6, longitude: longitude / 1e6 }
}

/** A plane that touches the earth at one place: metres to the east and to the north. True enough for a commune. */
export class Plane {
  private readonly narrowing: number

  constructor(private readonly middle: Spot) {
    // At a pole there is no east; no village stands there.
    this.narrowing = Math.max(0.001, Math.cos(middle.latitude * DEGREE))
  }

  at({ latitude, longitude }: Spot): Place {
    const east = (longitude - this.middle.longitude) * DEGREE * EARTH_M * this.narrowing
    return { x: east, y: (latitude - this.middle.latitude) * DEGREE * EARTH_M }
  }

  spot({ x, y }: Place): Spot {
    const longitude = this.middle.longitude + x / (DEGREE * EARTH_M * this.narrowing)
    return { latitude: this.middle.latitude + y / (DEGREE * EARTH_M), longitude }
  }
}

/** On a plane, in metres: x to the east, y to the north. */
export interface Place {
  x: number
  y: number
}
