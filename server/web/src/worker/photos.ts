// Photos: made small, kept encrypted, sent part by part after everything else. A photo that does not go holds up nothing, not
// even the next photo. Where each stands is the core's to say.
//
// Drawing a photo anew takes everything out of it but the picture: where and when it was taken, and with what.

import { Refused, refusal } from '../shared/fault'
import type { PhotosWaiting } from '../shared/phone'
import { Cut } from './link'
import type { Keeper } from './keeper'

/** The longer side: a form with handwriting is still readable. */
const MOST_PIXELS = 1600
const QUALITY = 0.7
/** Most bytes of one part: what the server takes in a body; and least, on a line that is cut again and again. */
const MOST_PART_BYTES = 64 * 1024
const FIRST_PART_BYTES = 16 * 1024
const LEAST_PART_BYTES = 4 * 1024
/** A part that was this quick may be larger the next time. */
const QUICK_MS = 1_000
/** Cuts in a row after which a photo waits for another time. */
const MOST_CUTS = 6
/** Photos that the server has are kept up to here: one that is set back gets them again. */
export const ROOM_BYTES = 32 * 1024 * 1024
/** Refusals that another try cannot mend. */
const FINAL = new Set(['blob/too-large', 'blob/too-long', 'blob/media-type', 'household/erased'])

export interface Photo {
  household: string
  blob: string
  size_bytes: number
  stands: 'phone' | 'server' | 'needs_you'
  reason: string | null
}

export interface Photos {
  blobs: Photo[]
  queue: Photo[]
  superfluous: string[]
}

/** What the server says of a photo on its way. */
interface Progress {
  received: number
  there: boolean
}

/** What became of a photo for good; nothing while it has to wait. */
export type Answer = { refused?: string } | 'unknown' | undefined

/** Those that are on this phone only. */
export function waitingOf({ blobs }: Photos): PhotosWaiting {
  const waiting = blobs.filter(({ stands }) => stands === 'phone')
  return { count: waiting.length, bytes: waiting.reduce((sum, { size_bytes }) => sum + size_bytes, 0) }
}

export function placeOf(hash: string): string {
  return `photo ${hash}`
}

/** A photo as it is kept: small, and nothing in it but the picture. */
export async function drawnAnew(file: Blob): Promise<Uint8Array<ArrayBuffer>> {
  const picture = await createImageBitmap(file).catch((error: unknown) => {
    throw refusal('photo/unreadable', 'Không đọc được ảnh này', 'This picture cannot be read', String(error))
  })
  const scale = Math.min(1, MOST_PIXELS / Math.max(picture.width, picture.height))
  const [width, height] = [Math.round(picture.width * scale), Math.round(picture.height * scale)]
  const canvas = new OffscreenCanvas(width, height)
  canvas.getContext('2d')?.drawImage(picture, 0, 0, width, height)
  picture.close()
  const drawn = await canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY })
  return new Uint8Array(await drawn.arrayBuffer())
}

export async function hashOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Asks the server, with a token that is good. */
export type Asked = <T>(method: 'GET' | 'PATCH', path: string, part?: Uint8Array) => Promise<T>

/** Sends one photo from where the server stands. Throws where the line ends: the next one would fare no better. */
export async function send(photo: Photo, keeper: Keeper, asked: Asked, wasCut: () => void): Promise<Answer> {
  const path = `/api/sync/households/${photo.household}/blobs/${photo.blob}`
  try {
    return await sendThrough(path, await keeper.get(placeOf(photo.blob)), asked, wasCut)
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const { slug } = error.fault
    if (slug === 'blob/not-announced') return 'unknown'
    if (slug === 'blob/day-full') throw error
    return FINAL.has(slug) ? { refused: slug } : undefined
  }
}

/** What was cut goes again, in smaller parts, as long as some of it arrives now and then. */
async function sendThrough(path: string, bytes: Uint8Array | undefined, asked: Asked, wasCut: () => void): Promise<Answer> {
  const parts = new Parts()
  for (;;) {
    try {
      return await sendFrom(path, bytes, parts, asked)
    } catch (error) {
      if (!(error instanceof Cut)) throw error
      wasCut()
      if (!parts.goOnAfterCut()) throw error
    }
  }
}

/** How large the next part is. */
class Parts {
  size = FIRST_PART_BYTES
  private cuts = 0

  arrived(tookMs: number): void {
    this.cuts = 0
    if (tookMs < QUICK_MS) this.size = Math.min(this.size * 2, MOST_PART_BYTES)
  }

  /** Whether to try again. */
  goOnAfterCut(): boolean {
    this.cuts += 1
    this.size = Math.max(this.size / 2, LEAST_PART_BYTES)
    return this.cuts <= MOST_CUTS
  }
}

/** Asks where the server stands, and goes on from there. */
async function sendFrom(path: string, bytes: Uint8Array | undefined, parts: Parts, asked: Asked): Promise<Answer> {
  let progress = await asked<Progress>('GET', `${path}/progress`)
  if (bytes === undefined) return progress.there ? {} : { refused: 'phone/blob-lost' }
  while (!progress.there) {
    const began = performance.now()
    const part = bytes.subarray(progress.received, progress.received + parts.size)
    const next = await asked<Progress>('PATCH', `${path}?offset=${progress.received}`, part)
    if (!next.there && next.received <= progress.received) return undefined
    progress = next
    parts.arrived(performance.now() - began)
  }
  return {}
}
