// What colleagues have shared of a household beside what stands on this phone: only what differs.

import type { Value } from '../shared/form'
import type { Household } from '../shared/phone'

/** An answer that colleagues gave, by its path, and the one on this phone. */
export interface Differing {
  path: string
  mine: Value | undefined
  theirs: Value | undefined
}

export function differing(mine: Household, preview: Household): Differing[] {
  const [own, other] = [pathsOf(mine), pathsOf(preview)]
  const paths = [...new Set([...own.keys(), ...other.keys()])]
  const both = paths.map((path) => ({ path, mine: own.get(path), theirs: other.get(path) }))
  return both.filter(({ mine, theirs }) => mine !== theirs)
}

function pathsOf({ answers, members, visits }: Household): Map<string, Value> {
  const below = (kind: string, all: Record<string, Record<string, Value>> | undefined) =>
    Object.entries(all ?? {}).flatMap(([id, said]) => Object.entries(said).map(([key, value]) => [`${kind}/${id}/${key}`, value] as const))
  const own = Object.entries(answers).map(([key, value]) => [`answers/${key}`, value] as const)
  return new Map([...own, ...below('members', members), ...below('visits', visits)])
}
