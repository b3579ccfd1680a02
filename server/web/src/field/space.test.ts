import { expect, it } from 'vitest'
import { spaceOf } from './space'

const MB = 1024 * 1024

it('is not known where the browser does not say', () => {
  expect(spaceOf({})).toBeUndefined()
})

it.each([
  ['scarce', 100, 91],
  ['scarce', 100, 120],
  ['low', 100, 60],
  ['low', 2000, 1850],
  ['plenty', 2000, 1700],
] as const)('is %s of %i MB with %i used', (level, quota, usage) => {
  expect(spaceOf({ quota: quota * MB, usage: usage * MB })?.level).toBe(level)
})
