import { expect, it } from 'vitest'
import { faultIn } from './camera'

it('why there is no picture is told apart as far as it helps', () => {
  const faults = ['NotAllowedError', 'SecurityError', 'NotReadableError', 'AbortError', 'NotFoundError', 'OverconstrainedError'].map((name) => faultIn(new DOMException('', name)))
  expect(faults).toEqual(['refused', 'refused', 'busy', 'busy', 'absent', 'absent'])
  expect([faultIn(new TypeError('no camera')), faultIn(undefined)]).toEqual(['absent', 'absent'])
})
