// The line to the server. Owns requests, their time limits, the bytes that went over, and the reading of refusals; what the
// bodies mean is the core's. Nobody else is ever asked for anything.

import { type Fault, Refused, refusal } from '../shared/fault'

/** Silence after which an answer has broken off; a bad line may be slow for much longer than this in all. */
const SILENCE_MS = 60_000
/** Longest answer that is read. */
const MOST_BYTES = 8 * 1024 * 1024

export interface Traffic {
  bytesUp: number
  bytesDown: number
  roundTrips: number
  cuts: number
}

/** The line broke off: before the answer began, or within it. */
export class Cut extends Error {
  constructor(
    readonly way: 'up' | 'down',
    reason: unknown,
  ) {
    super(String(reason))
  }
}

/** There is no line at all. */
export class NoLine extends Error {}

/** Somebody stopped what was on its way. */
export class Stopped extends Error {}

interface Problem {
  slug: string
  title: string
  next: string
  en: { title: string; next: string }
  detail?: string
  incident?: string
}

export class Link {
  readonly traffic: Traffic = { bytesUp: 0, bytesDown: 0, roundTrips: 0, cuts: 0 }
  /** Called whenever something came or went, for whoever watches a slow line. */
  moved: () => void = () => undefined
  private isStopped = false
  private onItsWay: Silence | undefined

  /** Gives up the request that is on its way, and every one after it until the line is begun with again. */
  stop(): void {
    this.isStopped = true
    this.onItsWay?.over()
  }

  begin(): void {
    this.isStopped = false
  }

  /** A request was cut, and goes again. */
  wasCut(): void {
    this.traffic.cuts += 1
    this.moved()
  }

  async postJson<T>(path: string, body: unknown): Promise<T> {
    return jsonIn<T>(await this.send('POST', path, 'application/json', new TextEncoder().encode(JSON.stringify(body))))
  }

  async postMessage(path: string, body: Uint8Array, token: string): Promise<Uint8Array> {
    return this.send('POST', path, 'application/cbor', body, token)
  }

  /** Asks something of the photo queue: a part up, where the server stands down. */
  async askBytes(method: 'GET' | 'PATCH', path: string, token: string, part?: Uint8Array): Promise<Uint8Array> {
    return this.send(method, path, 'application/octet-stream', part, token)
  }

  async getBytes(path: string, token: string): Promise<Uint8Array> {
    return this.send('GET', path, undefined, undefined, token)
  }

  private async send(method: string, path: string, type?: string, body?: Uint8Array, token?: string): Promise<Uint8Array> {
    if (this.isStopped) throw new Stopped()
    if (!navigator.onLine) throw new NoLine()
    const silence = new Silence(SILENCE_MS)
    this.onItsWay = silence
    const headers: Record<string, string> = {}
    if (type !== undefined) headers['content-type'] = type
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`
    try {
      const sent = body === undefined ? {} : { body: new Uint8Array(body) }
      const how = { method, headers, ...sent, signal: silence.signal, cache: 'no-store', credentials: 'omit', redirect: 'error' } as const
      const response = await fetch(path, how).catch((error: unknown) => {
        throw this.ended('up', error)
      })
      silence.broken()
      // An answer has begun: the browser tells no sooner that the body is over the line.
      this.traffic.bytesUp += body?.length ?? 0
      this.moved()
      const answer = await this.read(response, silence)
      this.traffic.roundTrips += 1
      if (!response.ok) throw new Refused(problem(response.status, answer))
      return answer
    } finally {
      silence.end()
    }
  }

  private ended(way: Cut['way'], error: unknown): Error {
    return this.isStopped ? new Stopped() : new Cut(way, error)
  }

  private async read(response: Response, silence: Silence): Promise<Uint8Array> {
    const reader = response.body?.getReader()
    const chunks: Uint8Array[] = []
    let length = 0
    for (;;) {
      const next = await reader?.read().catch((error: unknown) => {
        throw this.ended('down', error)
      })
      if (next === undefined || next.done) return joined(chunks, length)
      silence.broken()
      chunks.push(next.value)
      length += next.value.length
      this.traffic.bytesDown += next.value.length
      this.moved()
      if (length > MOST_BYTES) throw refusal('phone/untrusted', 'Câu trả lời của máy chủ quá dài', 'The answer of the server is too long')
    }
  }
}

/** Gives a request up once nothing has come for so long. */
class Silence {
  private readonly controller = new AbortController()
  private timer: ReturnType<typeof setTimeout>

  constructor(private readonly ms: number) {
    this.timer = this.begin()
  }

  get signal(): AbortSignal {
    return this.controller.signal
  }

  /** Something came. */
  broken(): void {
    clearTimeout(this.timer)
    this.timer = this.begin()
  }

  end(): void {
    clearTimeout(this.timer)
  }

  /** Nobody waits for it any longer. */
  over(): void {
    this.end()
    this.controller.abort()
  }

  private begin(): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.controller.abort(), this.ms)
  }
}

/** What bytes say as JSON. */
export function jsonIn<T>(bytes: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(bytes)) as T
}

function joined(chunks: Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/** Reads a refusal; something between us and the server may have answered instead of it. */
function problem(status: number, body: Uint8Array): Fault {
  try {
    const { slug, title, next, en, detail, incident } = jsonIn<Problem>(body)
    const said = [detail, incident].filter((text) => text !== undefined).join(' · ')
    return { slug, words: { vi: title, en: en.title }, next: { vi: next, en: en.next }, detail: said }
  } catch {
    const [vi, en] = [`Máy chủ trả lời lỗi ${status}`, `The server answered with error ${status}`]
    return { slug: 'link/no-problem', words: { vi, en } }
  }
}
