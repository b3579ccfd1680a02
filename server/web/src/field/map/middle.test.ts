import { expect, it } from 'vitest'
import type { Line, SurveyedVillage } from '../../shared/phone'
import { middleOf } from './middle'

const house = (latitude: number, longitude: number) => ({ point: [latitude * 1e6, longitude * 1e6] }) as unknown as Line
const unplaced = { point: null } as unknown as Line
const village = { boundary: [[[104.58, 22.31], [104.62, 22.31], [104.62, 22.34], [104.58, 22.31]]] } as unknown as SurveyedVillage

it('the map touches the earth amid the houses, amid the borders without any, and somewhere without either', () => {
  expect(middleOf([house(22.41, 104.61), unplaced, house(22.42, 104.59), house(0, 0)], [])).toEqual({ latitude: 22.4, longitude: 104.6 })
  expect(middleOf([unplaced], [village])).toEqual({ latitude: 22.3, longitude: 104.6 })
  expect(middleOf([], [])).toEqual({ latitude: 0, longitude: 0 })
})
