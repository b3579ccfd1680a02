import { expect, it } from 'vitest'
import { clockText, durationText, sizeText } from './amounts'
import { texts } from './words'

it('says nothing of a clock that is right, or of which nothing is known', () => {
  expect(clockText(null, texts.vi)).toBeUndefined()
  expect(clockText(-120_000, texts.vi)).toBeUndefined()
})

it('says which way a clock is wrong, by how much, and that nothing is lost', () => {
  expect(clockText(180_000, texts.vi)).toContain('chậm 3 phút')
  expect(clockText(-365 * 86_400_000, texts.vi)).toMatch(/nhanh 365 ngày.*không mất/)
  expect(clockText(-365 * 86_400_000, texts.en)).toContain('365 days ahead of the server’s')
})

it('reads sizes and times in the words of the language', () => {
  expect(sizeText(1_536, 'vi')).toBe('1,5 KB')
  expect(sizeText(52 * 1024 * 1024, 'en')).toBe('52 MB')
  expect([durationText(3, texts.en), durationText(61, texts.en), durationText(200, texts.en), durationText(7_200, texts.en)]).toEqual([
    '10 seconds',
    '70 seconds',
    '3 minutes',
    '2 hours',
  ])
})
