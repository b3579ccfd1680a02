import { describe, expect, it } from 'vitest'
import { dateIn, dateParts, numberIn, numberText } from './values'

describe('numbers', () => {
  it('are refused when they are none, or finer than the question takes', () => {
    for (const text of ['', '-', 'a', '1,2,3', '40,55', '1e3', '1.2.3', '٣']) expect(numberIn(text, 1), text).toBe(undefined)
    expect(numberIn('40,5', 0)).toBe(undefined)
  })

  it('are read with a comma or a dot, and with grouped thousands', () => {
    expect(numberIn('40,5', 1)).toBe(405)
    expect(numberIn('40.5', 1)).toBe(405)
    expect(numberIn('40', 1)).toBe(400)
    expect(numberIn('1.250.000', 0)).toBe(1_250_000)
    expect(numberIn('1.250,5', 1)).toBe(12_505)
    expect(numberIn('-3', 0)).toBe(-3)
  })

  it('are shown as they would be written', () => {
    expect([numberText(405, 1), numberText(400, 1), numberText(5, 2), numberText(-12, 1), numberText(0, 0)]).toEqual(['40,5', '40', '0,05', '-1,2', '0'])
  })

  it('come back as they were', () => {
    for (const decimals of [0, 1, 2]) for (const value of [0, 7, 10, 99, 405, 120_000]) expect(numberIn(numberText(value, decimals), decimals)).toBe(value)
  })
})

describe('dates', () => {
  it('are not complete without a year, or with a day and no month', () => {
    expect(dateIn({ day: '1', month: '2', year: '' })).toBe(undefined)
    expect(dateIn({ day: '1', month: '', year: '2019' })).toBe(undefined)
    expect(dateIn({ day: '', month: '', year: '19' })).toBe(undefined)
  })

  it('may be a year, a month or a day, and come back as they were', () => {
    for (const date of ['2019', '2019-05', '2019-05-31', '1950-12-01']) expect(dateIn(dateParts(date))).toBe(date)
  })
})
