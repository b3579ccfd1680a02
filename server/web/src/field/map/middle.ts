// Where the plane of the map touches the earth.

import type { Line, SurveyedVillage } from '../../shared/phone'
import { type Spot, spotOf } from '../geo'

/** A tenth of a degree is some ten kilometres: near enough, and the same from one look to the next. */
const STEP = 10

/** A place amid the houses, or amid the borders where no house was measured. Few that lie far off do not move it. */
export function middleOf(lines: Line[], villages: SurveyedVillage[]): Spot {
  const houses = lines.flatMap(({ point }) => (point === null ? [] : [spotOf(point)]))
  const corners = villages.flatMap(({ boundary = [] }) => boundary.flat().map(([longitude, latitude]) => ({ latitude, longitude })))
  const spots = houses.length > 0 ? houses : corners
  const middle = (values: number[]) => Math.round((values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0) * STEP) / STEP
  return { latitude: middle(spots.map(({ latitude }) => latitude)), longitude: middle(spots.map(({ longitude }) => longitude)) }
}
