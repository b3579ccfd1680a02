// Questions read aloud: an office's files, kept on the phone so that they are heard without network. The service worker plays
// them from where they are kept.

import type { Form } from '../shared/form'

/** As the service worker names it. */
const CACHE = 'rasoat-recordings'

export function recordingAt(file: string): string {
  return `/recordings/${file}`
}

/** Fetches what is not here yet. One that does not come is asked for again the next time: nobody waits for it. */
export async function keepRecordings(form: Form): Promise<void> {
  const files = new Set(form.questions.flatMap(({ audio }) => Object.values(audio ?? {})))
  if (files.size === 0) return
  const cache = await caches.open(CACHE)
  for (const address of [...files].map(recordingAt)) {
    if ((await cache.match(address)) === undefined) await cache.add(address).catch(() => undefined)
  }
}
