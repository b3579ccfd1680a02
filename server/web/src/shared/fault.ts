// Why something was not done, as the core, the server and the app say it: a stable name and words for the person.

/** What people are told, in both languages. */
export interface Words {
  vi: string
  en: string
}

export interface Fault {
  slug: string
  words: Words
  /** What to do next, where the server says so. */
  next?: Words
  /** For whoever helps. */
  detail?: string
}

/** Something was refused or went wrong, and the person is told so in these words. */
export class Refused extends Error {
  constructor(readonly fault: Fault) {
    super(`${fault.slug}: ${fault.detail ?? ''}`)
  }
}

/** What the Worker answers: errors lose everything but their text on the way between threads. */
export type Told<T> = { ok: T } | { fault: Fault }

export function refusal(slug: string, vi: string, en: string, detail?: string): Refused {
  return new Refused({ slug, words: { vi, en }, ...(detail === undefined ? {} : { detail }) })
}

/** The fault in whatever was thrown. */
export function faultOf(error: unknown): Fault {
  if (error instanceof Refused) return error.fault
  return refusal('app/fault', 'Ứng dụng gặp lỗi; dữ liệu đã lưu vẫn còn', 'The app failed; what was saved is still there', String(error)).fault
}
