// Sync that one can trust: on a line that breaks off, without any line, with a clock that is wrong and a phone that is full.

import { readFileSync } from 'node:fs'
import type { Browser, BrowserContext, Download, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAccessible, launch, phone } from './browser'
import { House, ROUND } from './house'
import { Line } from './line'
import { enrol } from './person'

const COMMUNE = 'tan-trinh'
const YEAR_MS = 365 * 86_400_000
let house: House
let browser: Browser

beforeAll(async () => {
  house = await House.open()
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
  await house?.close()
})

interface Kept {
  household: { answers: Record<string, unknown>; visits: Record<string, Record<string, unknown>> }
  blobs: { blob: string; state: string }[]
}

/** A household as the commune's reviewer sees it. */
async function atOffice(head: string): Promise<Kept> {
  const desk = await house.logIn(`${COMMUNE}.hoa`)
  const { unit } = await desk.get<{ unit: number }>('/api/me')
  const path = `/api/rounds/${ROUND}/communes/${unit}/households`
  const [found] = await desk.get<{ household: string }[]>(`${path}?name=${encodeURIComponent(head)}`)
  return desk.get<Kept>(`${path}/${found?.household}`)
}

/** How many visits say so of who answered. */
async function visitsBy(head: string, respondent: string): Promise<number> {
  const { household } = await atOffice(head)
  return Object.values(household.visits).filter((visit) => visit['respondent'] === respondent).length
}

const save = (page: Page) => page.getByRole('button', { name: 'Lưu', exact: true }).click()
const toList = (page: Page) => page.getByRole('button', { name: 'Danh sách hộ' }).click()
const toSync = (page: Page) => page.getByRole('button', { name: 'Xem chi tiết' }).click()

/** Heads whom nobody has taken yet, of one name each. */
const taken = new Set<string>()

/** The head of a household that the phone holds, whose name nobody else bears. */
async function fresh(page: Page): Promise<string> {
  const desk = await house.logIn(`${COMMUNE}.hoa`)
  const { unit } = await desk.get<{ unit: number }>('/api/me')
  const rows = await desk.get<{ head_name: string }[]>(`/api/rounds/${ROUND}/communes/${unit}/households`)
  const isAlone = (name: string) => rows.filter(({ head_name }) => head_name === name).length === 1
  const names = await page.locator('button.row strong').allTextContents()
  const head = names.find((name) => isAlone(name) && !taken.has(name))
  if (head === undefined) throw new Error('nobody is left')
  taken.add(head)
  return head
}

async function open(page: Page, head: string): Promise<void> {
  await page.getByRole('searchbox').fill(head)
  await page.locator('button.row').filter({ hasText: head }).first().click()
  await page.getByRole('heading', { level: 1, name: head }).waitFor()
}

/** A visit at a household, from the list and back to it. */
async function visit(page: Page, head: string, respondent: string): Promise<void> {
  await open(page, head)
  await page.getByRole('button', { name: 'Bắt đầu lượt đến hôm nay' }).click()
  await page.getByRole('radio', { name: 'Gặp được' }).check()
  await page.getByLabel('Người trả lời').fill(respondent)
  await save(page)
  await page.getByRole('heading', { name: 'Các lượt đến' }).waitFor()
}

/** A picture that does not get small. */
async function noise(page: Page): Promise<Buffer> {
  const base64 = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(480, 360)
    const context = canvas.getContext('2d')
    const pixels = new ImageData(480, 360)
    for (let at = 0; at < pixels.data.length; at += 1) pixels.data[at] = at % 4 === 3 ? 255 : (at * 2654435761) >>> 24
    context?.putImageData(pixels, 0, 0)
    const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
  })
  return Buffer.from(base64, 'base64')
}

async function somebody(who: 'lan' | 'minh'): Promise<{ context: BrowserContext; page: Page }> {
  const { context } = await phone(browser)
  return { context, page: await enrol(context, await house.slip(COMMUNE, who), who) }
}

/** Makes a file on the sync screen and saves it. */
async function saved(page: Page, button: string): Promise<{ name: string; bytes: Buffer }> {
  await page.getByRole('button', { name: button }).click()
  const downloading = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Lưu tệp' }).click()
  const download: Download = await downloading
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) }
}

async function take(page: Page, { name, bytes }: { name: string; bytes: Buffer }): Promise<void> {
  await page.getByLabel(/Nhận tệp/).setInputFiles({ name, mimeType: 'application/octet-stream', buffer: bytes })
}

describe('a phone that is full', () => {
  it('says that nothing was saved, keeps in hand what was typed, and saves it once there is room', async () => {
    const { context, page } = await somebody('lan')
    await context.setOffline(true)
    const head = await fresh(page)
    await open(page, head)
    await page.getByRole('button', { name: 'Bắt đầu lượt đến hôm nay' }).click()
    await page.getByRole('radio', { name: 'Gặp được' }).check()
    const respondent = page.getByLabel('Người trả lời')
    await respondent.waitFor()
    const devtools = await context.newCDPSession(page)
    await devtools.send('Storage.overrideQuotaForOrigin', { origin: house.base, quotaSize: 1 })
    // The browser looks at how much room is left every half a minute only.
    const words = page.getByText('Chưa lưu được vào máy').first()
    await expect.poll(() => respondent.fill(`Máy đầy ${Date.now()}`).then(() => respondent.blur()).then(() => words.count()), { timeout: 60_000, interval: 1_000 }).toBe(1)
    await respondent.fill('Máy đầy')
    await save(page)
    await words.waitFor()
    expect(await respondent.inputValue()).toBe('Máy đầy')
    await devtools.send('Storage.overrideQuotaForOrigin', { origin: house.base })
    await save(page)
    await page.getByRole('heading', { name: 'Các lượt đến' }).waitFor()
    await context.setOffline(false)
    await expect.poll(() => visitsBy(head, 'Máy đầy'), { timeout: 20_000 }).toBe(1)
    await context.close()
  })

  it('is warned before it is full', async () => {
    const { context, page } = await somebody('lan')
    await leave(page, 30 * 1024 * 1024)
    await toSync(page)
    await page.getByText('Máy sắp hết chỗ').waitFor()
    await isAccessible(page, 'little room')
    await leave(page, 5 * 1024 * 1024)
    await toList(page)
    await toSync(page)
    await page.getByRole('alert').getByText('Gửi ảnh ngay').waitFor()
    await toList(page)
    await page.getByRole('alert').getByText('Gửi ảnh ngay').waitFor()
    await isAccessible(page, 'the list with hardly any room')
    await context.close()
  })
})

/** Makes the browser say that so much room is left: newer ones do not say what is enforced. */
async function leave(page: Page, bytes: number): Promise<void> {
  await page.evaluate((bytes) => {
    navigator.storage.estimate = () => Promise.resolve({ usage: 1024, quota: 1024 + bytes })
  }, bytes)
}

describe('a clock that is a year off', () => {
  it('loses nothing: work is sent, and people are told that the clock is wrong', async () => {
    const { context } = await phone(browser)
    await context.addInitScript(shiftClock, YEAR_MS)
    context.on('page', (page) => page.on('worker', (worker) => void worker.evaluate(shiftClock, YEAR_MS)))
    const page = await enrol(context, await house.slip(COMMUNE, 'minh'), 'minh')
    expect(await page.workers()[0]?.evaluate(() => Date.now())).toBeGreaterThan(Date.now() + YEAR_MS - 60_000)
    await page.getByText(/Đồng hồ máy này nhanh 365 ngày/).waitFor()
    await context.setOffline(true)
    const head = await fresh(page)
    await visit(page, head, 'Đồng hồ nhanh')
    await toList(page)
    await page.getByText(/[1-9]\d* mục chờ gửi/).waitFor()
    await context.setOffline(false)
    await page.getByText('Đã gửi hết').waitFor()
    await toSync(page)
    await page.getByText(/Đồng hồ máy này nhanh 365 ngày.*không mất/).waitFor()
    await isAccessible(page, 'a wrong clock')
    expect(await visitsBy(head, 'Đồng hồ nhanh')).toBe(1)
    await context.close()
  })
})

/** Runs in page and Worker: whoever asks for the time there is told another one. */
function shiftClock(byMs: number): void {
  const Real = Date
  class Shifted extends Real {
    constructor(...given: unknown[]) {
      super(...((given.length === 0 ? [Real.now() + byMs] : given) as [number]))
    }

    static override now(): number {
      return Real.now() + byMs
    }
  }
  globalThis.Date = Shifted as DateConstructor
}

describe('a bad line', () => {
  it('is stopped by whoever has no time, and nothing is lost', async () => {
    const line = await Line.to(house.base)
    const { context, page } = await over(line, 'lan')
    await context.setOffline(true)
    const head = await fresh(page)
    await visit(page, head, 'Dừng lại')
    await toList(page)
    line.shapeTo({ bytesPerSecond: 60, latencyMs: 200 })
    await toSync(page)
    await context.setOffline(false)
    await page.getByRole('button', { name: 'Dừng lại' }).click()
    await page.getByText('Đã dừng; phần chưa gửi vẫn ở trên máy').waitFor()
    expect(await visitsBy(head, 'Dừng lại')).toBe(0)
    line.shapeTo({ bytesPerSecond: 1_000_000, latencyMs: 1 })
    await page.getByRole('button', { name: 'Đồng bộ', exact: true }).click()
    await page.getByText('Đã gửi hết').waitFor()
    expect(await visitsBy(head, 'Dừng lại')).toBe(1)
    await context.close()
    await line.close()
  })

  it('breaks off three times, up and down, and everything arrives once', async () => {
    const line = await Line.to(house.base)
    line.cut('down', 1, 3_000, '/api/sync')
    const { context, page } = await over(line, 'lan')
    expect(line.cutsMade).toBe(1)
    await toSync(page)
    await page.getByText('Đường truyền đứt 1 lần').waitFor()
    await toList(page)
    await context.setOffline(true)
    const head = await fresh(page)
    await visit(page, head, 'Đường xấu')
    await page.getByRole('button', { name: /Vị trí/ }).click()
    await page.getByLabel('Chụp ảnh').setInputFiles({ name: 'nha.png', mimeType: 'image/png', buffer: await noise(page) })
    await page.getByRole('img').waitFor()
    await save(page)
    await toList(page)
    await page.getByText(/1 ảnh \(\d+ KB\) chờ gửi/).waitFor()
    await toSync(page)
    await page.getByText(/1 ảnh \(\d+ KB\) không nằm trong tệp này/).waitFor()
    line.shapeTo({ bytesPerSecond: 24_000, latencyMs: 40 })
    // Once the browser tries again by itself; twice it gives up.
    line.cut('up', 2, 6_000, '/api/sync/households')
    await context.setOffline(false)
    await page.getByText(/Đã gửi .+ KB, đã nhận .+ KB/).waitFor()
    await page.getByText(/Còn 1 ảnh, \d+ KB/).waitFor()
    await page.getByText(/mỗi giây/).waitFor()
    await page.getByText(/Đường truyền đứt/).waitFor()
    await isAccessible(page, 'an exchange on its way')
    await page.getByText('Không có ảnh chờ gửi').waitFor()
    await page.getByText(/Lần đồng bộ trọn vẹn gần nhất/).waitFor()
    await isAccessible(page, 'an exchange that came through')
    expect(line.cutsMade).toBe(3)
    expect(await visitsBy(head, 'Đường xấu')).toBe(1)
    expect((await atOffice(head)).blobs.map(({ state }) => state)).toEqual(['there'])
    await page.getByRole('button', { name: /Đã ở máy chủ/ }).click()
    await page.getByRole('button', { name: 'Đã ở máy chủ', pressed: true }).waitFor()
    await context.close()
    await line.close()
  })
})

/** Somebody whose phone finds the server at the end of a line. */
async function over(line: Line, who: 'lan' | 'minh'): Promise<{ context: BrowserContext; page: Page }> {
  const { context } = await phone(browser)
  const slip = (await house.slip(COMMUNE, who)).replace(house.base, line.base)
  return { context, page: await enrol(context, slip, who) }
}

describe('work that goes by file', () => {
  it('ends in words when the file is none, is one’s own, or was altered', async () => {
    const { context, page } = await somebody('lan')
    await toSync(page)
    await take(page, { name: 'anh.jpg', bytes: Buffer.from('no parcel at all') })
    await page.getByRole('alert').getByText(/Tệp hỏng hoặc bị sửa/).waitFor()
    const parcel = await saved(page, 'Lập gói để gửi nhờ')
    await take(page, parcel)
    await page.getByRole('alert').getByText('Đây là gói của chính máy này').waitFor()
    await isAccessible(page, 'a file that is refused')
    const other = await somebody('minh')
    const altered = Buffer.from(parcel.bytes)
    altered.writeUInt8(altered.readUInt8(altered.length - 1) ^ 1, altered.length - 1)
    await toSync(other.page)
    await take(other.page, { name: parcel.name, bytes: altered })
    await other.page.getByText(/Máy chủ không nhận gói này/).waitFor()
    await isAccessible(other.page, 'a parcel that the server does not take')
    await other.page.getByRole('button', { name: 'Xong, xóa khỏi máy này' }).click()
    await other.page.getByText('Mang hộ đồng nghiệp').waitFor({ state: 'detached' })
    await Promise.all([context.close(), other.context.close()])
  })

  it('goes from a phone without a line over a colleague’s phone to the server, and its answer comes back', async () => {
    const [lan, minh] = [await somebody('lan'), await somebody('minh')]
    await Promise.all([lan.context.setOffline(true), minh.context.setOffline(true)])
    const head = await fresh(lan.page)
    await visit(lan.page, head, 'Gửi nhờ')
    await toList(lan.page)
    await toSync(lan.page)
    const backup = await saved(lan.page, 'Lập bản dự phòng')
    expect(backup.name).toMatch(/^rasoat-sao-luu-may-[0-9a-z]{8}-\d{4}-\d\d-\d\d-\d{4}-[0-9a-f]{8}\.rasoat$/)
    const parcel = await saved(lan.page, 'Lập gói để gửi nhờ')
    expect(parcel.bytes.includes('Gửi nhờ'), 'nobody else can read it').toBe(false)
    await isAccessible(lan.page, 'a parcel that was made')

    await toSync(minh.page)
    await take(minh.page, parcel)
    await minh.page.getByText('Đã nhận gói của đồng nghiệp').waitFor()
    await minh.page.getByText('Chờ có mạng để gửi').waitFor()
    await minh.context.setOffline(false)
    await minh.page.getByText('Đã có câu trả lời').waitFor()
    await isAccessible(minh.page, 'a parcel that was carried')
    expect(await visitsBy(head, 'Gửi nhờ')).toBe(1)
    const answer = await saved(minh.page, 'Lấy câu trả lời')

    await take(lan.page, answer)
    await lan.page.getByText(/Máy chủ đã nhận [1-9]\d* mục của bạn qua tệp; còn 0 mục/).waitFor()
    await lan.page.getByText('Đã gửi hết').waitFor()
    await isAccessible(lan.page, 'an answer that came by file')
    expect(await lan.page.evaluate(() => navigator.onLine)).toBe(false)
    // A back-up that turns up later brings nothing twice.
    await take(minh.page, backup)
    await expect.poll(() => minh.page.getByText('Đã có câu trả lời').count()).toBe(2)
    expect(await visitsBy(head, 'Gửi nhờ')).toBe(1)
    await Promise.all([lan.context.close(), minh.context.close()])
  })

  it('shows colleagues what the server does not have yet, and builds nothing on it', async () => {
    // Two phones in one village.
    const [lan, minh] = [await somebody('lan'), await somebody('lan')]
    await Promise.all([lan.context.setOffline(true), minh.context.setOffline(true)])
    const villages = lan.page.getByLabel('Thôn', { exact: true })
    await villages.selectOption({ index: 1 })
    const village = await villages.locator('option').nth(1).textContent()
    const head = await fresh(lan.page)
    await visit(lan.page, head, 'Chia sẻ')
    await toList(lan.page)
    await toSync(lan.page)
    const share = await saved(lan.page, `Chia sẻ cho đồng nghiệp: ${village?.trim().split(',')[0]}`)
    await toSync(minh.page)
    await take(minh.page, share)
    await minh.page.getByText(/Đồng nghiệp chia sẻ: [1-9]\d* thay đổi mới xem được/).waitFor()
    await toList(minh.page)
    await open(minh.page, head)
    const visits = minh.page.locator('section', { has: minh.page.getByRole('heading', { name: 'Các lượt đến' }) }).getByRole('listitem')
    const before = await visits.count()
    await minh.page.getByRole('heading', { name: 'Đồng nghiệp đã ghi, chưa tới máy chủ' }).waitFor()
    await minh.page.getByRole('button', { name: 'Xem', exact: true }).click()
    await minh.page.getByText('Chia sẻ (Bạn ghi: không ghi)').waitFor()
    await isAccessible(minh.page, 'what a colleague shared')
    expect(await visits.count(), 'it stands in nothing of one’s own').toBe(before)
    await Promise.all([lan.context.close(), minh.context.close()])
  })
})
