// Days as people mean them: in Vietnam, whatever this device's time zone is.

const ZONE = 'Asia/Ho_Chi_Minh'

/** The day on this device: `2026-10-01`. */
export function today(): string {
  return new Date().toLocaleDateString('sv-SE', { timeZone: ZONE })
}

/** A moment, in seconds since 1970, as people read it. */
export function moment(seconds: number, language: 'vi' | 'en'): string {
  const locale = language === 'vi' ? 'vi-VN' : 'en-GB'
  return new Date(seconds * 1000).toLocaleString(locale, { dateStyle: 'short', timeStyle: 'short', timeZone: ZONE })
}
