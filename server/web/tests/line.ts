// A bad line: a proxy between a phone's browser and the server that is slow, late, and breaks off where it is told to.

import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net'

export interface Shape {
  /** Each way, all connections together. */
  bytesPerSecond: number
  latencyMs: number
}

interface Cuts {
  way: 'up' | 'down'
  left: number
  afterBytes: number
  /** How the paths begin that are asked for when it breaks. */
  path: string
}

/** What a connection is asked for, and what it has carried of that. */
interface Asking {
  path: string
  up: number
  down: number
}

const FREE: Shape = { bytesPerSecond: Infinity, latencyMs: 0 }

export class Line {
  /** Bytes that went over, each way. */
  readonly traffic = { up: 0, down: 0 }
  private shape = FREE
  private readonly cuts: Cuts[] = []
  private made = 0
  private readonly sockets = new Set<Socket>()
  /** When the line is free again, each way. */
  private readonly busyUntil = { up: 0, down: 0 }

  private constructor(
    private readonly server: Server,
    private readonly port: number,
  ) {}

  static async to(base: string): Promise<Line> {
    const server = createServer({ allowHalfOpen: false })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const line = new Line(server, Number(new URL(base).port))
    server.on('connection', (phone) => line.joined(phone))
    return line
  }

  /** Where the phone finds the server. */
  get base(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  shapeTo(shape: Shape): void {
    this.shape = shape
  }

  /** Breaks connections off in the middle: the next `times` that carry so many bytes that way for one request to such a path. */
  cut(way: Cuts['way'], times: number, afterBytes: number, path: string): void {
    this.cuts.push({ way, left: times, afterBytes, path })
  }

  /** How many were broken off. */
  get cutsMade(): number {
    return this.made
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    await new Promise((closed) => this.server.close(closed))
  }

  private joined(phone: Socket): void {
    const server = connect(this.port, '127.0.0.1')
    const both = [phone, server]
    for (const socket of both) {
      this.sockets.add(socket)
      const end = () => {
        this.sockets.delete(socket)
        for (const other of both) other.destroy()
      }
      // A broken connection is what this line is about.
      socket.on('error', end)
      socket.on('close', end)
    }
    const request: Asking = { path: '', up: 0, down: 0 }
    void this.carry('up', phone, server, request)
    void this.carry('down', server, phone, request)
  }

  private async carry(way: Cuts['way'], from: Socket, to: Socket, request: Asking): Promise<void> {
    try {
      for await (const chunk of from) {
        for (const part of partsOf(chunk as Buffer)) {
          await this.late(way, part.length)
          if (to.destroyed) return
          to.write(part)
          const [, path] = way === 'up' ? (/^[A-Z]+ (\S+) HTTP/.exec(part.toString('latin1')) ?? []) : []
          if (path !== undefined) Object.assign(request, { path, up: 0, down: 0 })
          request[way] += part.length
          this.traffic[way] += part.length
          if (this.isCut(way, request)) {
            from.destroy()
            to.destroy()
            return
          }
        }
      }
      to.end()
    } catch {
      to.destroy()
    }
  }

  private isCut(way: Cuts['way'], { path, ...carried }: Asking): boolean {
    const cuts = this.cuts.find((cuts) => cuts.way === way && cuts.left > 0 && path.startsWith(cuts.path))
    if (cuts === undefined || carried[way] < cuts.afterBytes) return false
    cuts.left -= 1
    this.made += 1
    return true
  }

  /** Waits until so many bytes are over. */
  private async late(way: Cuts['way'], bytes: number): Promise<void> {
    const { bytesPerSecond, latencyMs } = this.shape
    if (this.shape === FREE) return
    const now = performance.now()
    this.busyUntil[way] = Math.max(this.busyUntil[way], now) + (bytes / bytesPerSecond) * 1000
    await new Promise((over) => setTimeout(over, this.busyUntil[way] - now + latencyMs))
  }
}

/** Small pieces: a slow line delivers them one by one. */
function* partsOf(chunk: Buffer): Generator<Buffer> {
  for (let at = 0; at < chunk.length; at += 512) yield chunk.subarray(at, at + 512)
}
