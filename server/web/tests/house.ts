// A server with the demo's commune behind it, as it runs anywhere: the real binary on a loopback address.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The demo's round. */
export const ROUND = '2026-dinh-ky'
/** Everybody's password in the demo. */
const PASSWORD = 'ra-soat-ho-ngheo'

function rasoat(): string {
  const program = process.env['RASOAT']
  if (program === undefined) throw new Error('RASOAT has to name the binary: run `make test-web`')
  return program
}

interface Account {
  id: number
  login: string
  grants: { unit: number }[]
}

export class House {
  /** Logged in once: whoever does so too often has to wait. */
  private readonly desks = new Map<string, Promise<Desk>>()

  private constructor(
    readonly base: string,
    private readonly server: ChildProcess,
    private readonly directory: string,
  ) {}

  /** `size`: flags of the demo that say how large it is. */
  static async open(size: string[] = []): Promise<House> {
    const directory = mkdtempSync(join(tmpdir(), 'rasoat-web-'))
    // Any port: another server may run on this machine.
    execFileSync(rasoat(), ['demo', '--data', directory, '--listen', '127.0.0.1:0', '--exit', ...size], { stdio: 'ignore' })
    const served = ['serve', '--data', join(directory, 'server'), '--listen', '127.0.0.1:0']
    const environment = { ...process.env, RASOAT_LOG: 'info', NO_COLOR: '1' }
    const server = spawn(rasoat(), served, { stdio: ['ignore', 'ignore', 'pipe'], env: environment })
    return new House(`http://${await address(server)}`, server, directory)
  }

  async close(): Promise<void> {
    const ended = new Promise((end) => this.server.once('exit', end))
    this.server.kill('SIGTERM')
    await ended
    rmSync(this.directory, { recursive: true })
  }

  /** Logs somebody in; whoever asks after that asks as them. */
  logIn(login: string): Promise<Desk> {
    const desk = this.desks.get(login) ?? this.atDesk(login)
    this.desks.set(login, desk)
    return desk
  }

  private async atDesk(login: string): Promise<Desk> {
    const { token } = await ask<{ token: string }>(this.base, 'POST', '/api/session', { login, password: PASSWORD, keep: 'bearer' })
    return new Desk(this.base, token)
  }

  /** The demo's round is over: what is surveyed from now on is surveyed in others. */
  async closeRound(): Promise<void> {
    await (await this.logIn('tong-hop')).post(`/api/rounds/${ROUND}/close`)
  }

  /** Another round in a commune, open and with last year's list in it, where somebody surveys what they survey already. */
  async round(commune: string, who: string, round: { id: string; name: string; b1_mode: string; left_out?: string[] }): Promise<void> {
    const desk = await this.logIn(`${commune}.hoa`)
    const { unit } = await desk.get<{ unit: number }>('/api/me')
    const account = await this.account(desk, unit, `${commune}.${who}`)
    const assigned = await desk.get<{ village: number; account: number }[]>(`/api/rounds/${ROUND}/communes/${unit}/assignments`)
    const administrator = await this.logIn('quan-tri')
    const standard = { standards: ['vn-2022-2025'], form_version: 'vn-2022-2025/1', reference_on: '2026-10-01' }
    await administrator.post('/api/rounds', { unit, ...standard, ...round })
    await administrator.post(`/api/rounds/${round.id}/open`)
    const place = `/api/rounds/${round.id}/communes/${unit}`
    for (const { village } of assigned.filter((one) => one.account === account.id)) {
      await desk.post(`${place}/assignments`, { village, account: account.id })
    }
    const workbook = readFileSync(join(this.directory, 'workbooks', `danh-sach-2025-${commune}.xlsx`))
    await desk.send(`${place}/imports?dry_run=false`, workbook)
  }

  private async account(desk: Desk, unit: number, login: string): Promise<Account> {
    const accounts = await desk.get<Account[]>(`/api/units/${unit}/accounts`)
    const account = accounts.find((one) => one.login === login)
    if (account === undefined) throw new Error(`nobody is ${login}`)
    return account
  }

  /** The address in the QR code of a slip that the commune's reviewer prints for somebody. */
  async slip(commune: string, who: string): Promise<string> {
    const desk = await this.logIn(`${commune}.hoa`)
    const me = await desk.get<{ unit: number }>('/api/me')
    const account = await this.account(desk, me.unit, `${commune}.${who}`)
    const code = await desk.post<{ code: string; server_key: string }>('/api/enrolment-codes', { account: account.id, unit: account.grants[0]?.unit })
    return `${this.base}/#ghi-danh=${code.code}.${code.server_key}`
  }
}

/** Somebody at the office. */
export class Desk {
  constructor(
    private readonly base: string,
    private readonly token: string,
  ) {}

  get<T>(path: string): Promise<T> {
    return ask<T>(this.base, 'GET', path, undefined, this.token)
  }

  post<T>(path: string, body?: unknown): Promise<T> {
    return ask<T>(this.base, 'POST', path, body, this.token)
  }

  /** Sends a file. */
  async send(path: string, file: Uint8Array<ArrayBuffer>): Promise<void> {
    const headers = { 'content-type': 'application/octet-stream', authorization: `Bearer ${this.token}` }
    await answered(await fetch(this.base + path, { method: 'POST', headers, body: file }), path)
  }
}

/** The text of an answer, unless it is a refusal. */
async function answered(response: Response, path: string): Promise<string> {
  const text = await response.text()
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
  return text
}

async function address(server: ChildProcess): Promise<string> {
  let log = ''
  for await (const chunk of server.stderr ?? []) {
    log += String(chunk)
    // Colours may stand between the name and the value.
    const [, found] = /address\S*?(127\.0\.0\.1:\d+)/.exec(log.replace(/\u001b\[\d+m/g, '')) ?? []
    if (found !== undefined) return found
  }
  throw new Error(`the server does not listen: ${log}`)
}

async function ask<T>(base: string, method: string, path: string, body: unknown, token?: string): Promise<T> {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`
  const response = await fetch(base + path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
  const text = await answered(response, `${method} ${path}`)
  return (text === '' ? undefined : JSON.parse(text)) as T
}
