// Where the households are: the nearest first, and on a map without tiles, on a phone without network.

import { mkdirSync } from 'node:fs'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAccessible, launch, phone } from './browser'
import { House } from './house'
import { enrol } from './person'

const ROUND = '2026-dinh-ky'
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

interface Measured {
  head: string
  latitude: number
  longitude: number
}

/** A household whose place somebody has measured. */
async function measured(slug: string): Promise<Measured> {
  const desk = await house.logIn(`${slug}.hoa`)
  const { unit } = await desk.get<{ unit: number }>('/api/me')
  const path = `/api/rounds/${ROUND}/communes/${unit}/households`
  for (const { household, head_name: head } of await desk.get<{ household: string; head_name: string }[]>(path)) {
    const found = await desk.get<{ household: { answers: Record<string, unknown> } }>(`${path}/${household}`)
    const [latitude, longitude] = String(found.household.answers['gps'] ?? '').split(',').map(Number)
    if (latitude !== undefined && longitude !== undefined) return { head, latitude, longitude }
  }
  throw new Error('no house was measured')
}

async function standAt(context: BrowserContext, { latitude, longitude }: { latitude: number; longitude: number }): Promise<void> {
  await context.grantPermissions(['geolocation'])
  await context.setGeolocation({ latitude, longitude, accuracy: 12 })
}

/** How many pixels of the map have each of some colours. */
function colours(page: Page, wanted: Record<string, [number, number, number]>): Promise<Record<string, number>> {
  return page.evaluate(async (wanted) => {
    // What changed last is drawn with the next frame.
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))
    const canvas = document.querySelector('canvas')
    const context = canvas?.getContext('2d')
    if (canvas === null || context == null) throw new Error('there is no map')
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height)
    const counts = Object.fromEntries(Object.keys(wanted).map((name) => [name, 0]))
    for (let at = 0; at < data.length; at += 4) {
      for (const [name, colour] of Object.entries(wanted)) if (colour.every((part, of) => data[at + of] === part)) counts[name] = (counts[name] ?? 0) + 1
    }
    return counts
  }, wanted)
}

const BEGUN: [number, number, number] = [0xf5, 0xb8, 0x2e]
const NEEDS_YOU: [number, number, number] = [0xd6, 0x24, 0x2b]
const LAND: [number, number, number] = [0xe3, 0xef, 0xe7]
const HERE: [number, number, number] = [0x1a, 0x56, 0xdb]

/** The map as it was drawn, in a text to compare. */
async function drawn(page: Page): Promise<string> {
  await colours(page, {})
  return page.evaluate(() => document.querySelector('canvas')?.toDataURL() ?? '')
}

async function picture(page: Page, name: string): Promise<void> {
  const directory = process.env['PICTURES']
  if (directory === undefined) return
  mkdirSync(directory, { recursive: true })
  await page.screenshot({ path: `${directory}/${name}.png`, fullPage: true })
}

/** What a row of the list says of the distance, in metres; nothing where it says nothing. */
function metresIn(row: string): number | undefined {
  const [, number, unit] = /([\d,]+) (m|km)(?: ·|$)/m.exec(row) ?? []
  return number === undefined ? undefined : Number(number.replace(',', '.')) * (unit === 'km' ? 1_000 : 1)
}

async function rows(page: Page): Promise<string[]> {
  return page.locator('.row .who').allInnerTexts()
}

describe('the list', () => {
  it('says so when it may not know where the phone is, and stays as it was', async () => {
    const { context } = await phone(browser)
    const page = await enrol(context, await house.slip('tan-trinh', 'lan'), 'Lan')
    const before = await rows(page)
    await page.getByRole('button', { name: 'Gần đây nhất' }).click()
    await page.getByText('Không đo được vị trí').waitFor()
    expect(await rows(page)).toEqual(before)
    expect(await page.getByRole('button', { name: 'Gần đây nhất' }).getAttribute('aria-pressed')).toBe('false')
    await context.close()
  })

  it('puts the nearest first, with how far they are, and those without a place last, together with search and filters', async () => {
    const { context } = await phone(browser)
    const page = await enrol(context, await house.slip('tan-trinh', 'lan'), 'Lan')
    await context.setOffline(true)
    const first = await measured('tan-trinh')
    await standAt(context, first)
    await page.getByRole('button', { name: 'Gần đây nhất' }).click()
    await page.getByText(/^0 m/).waitFor()
    const near = await rows(page)
    expect(near[0]).toContain(first.head)
    const said = near.map(metresIn)
    expect(said.filter((metres) => metres !== undefined).length).toBeGreaterThan(10)
    for (const [at, metres] of said.entries()) expect(metres ?? Infinity, near.join('|')).toBeGreaterThanOrEqual(said[at - 1] ?? 0)
    await isAccessible(page, 'the nearest first')
    await picture(page, 'nearest')
    await page.getByRole('searchbox').fill(first.head)
    await page.getByRole('button', { name: 'Đang làm', exact: true }).click()
    await expect.poll(async () => (await rows(page)).every((row) => row.includes(first.head))).toBe(true)
    expect(metresIn((await rows(page))[0] ?? '')).toBe(0)
    // Still so after a household was looked at.
    await page.locator('.row').first().click()
    await page.getByRole('button', { name: 'Danh sách hộ' }).click()
    await page.getByText(/^0 m/).waitFor()
    expect(await page.getByRole('searchbox').inputValue()).toBe(first.head)
    await context.close()
  })
})

describe('the map', () => {
  it('shows the households of the filter within their borders, offline, and opens those that are tapped', async () => {
    const { context, asked } = await phone(browser)
    const page = await enrol(context, await house.slip('tan-trinh', 'lan'), 'Lan')
    await context.setOffline(true)
    await page.getByRole('button', { name: 'Bản đồ' }).click()
    await page.getByRole('img', { name: /^Bản đồ có \d+ hộ/ }).waitFor()
    await isAccessible(page, 'the map')
    await picture(page, 'map')
    const all = await colours(page, { BEGUN, NEEDS_YOU, LAND, HERE })
    expect(all['BEGUN'], JSON.stringify(all)).toBeGreaterThan(200)
    expect(all['NEEDS_YOU']).toBeGreaterThan(20)
    expect(all['LAND']).toBeGreaterThan(5_000)
    expect(all['HERE']).toBe(0)
    await page.getByRole('button', { name: 'Cần bạn', exact: true }).click()
    await page.getByText('Bấm vào một chỗ').waitFor()
    const some = await colours(page, { BEGUN, NEEDS_YOU })
    expect(some['BEGUN'], 'only what the filter means').toBe(0)
    expect(some['NEEDS_YOU']).toBeGreaterThan(20)
    await page.getByRole('button', { name: 'Tất cả', exact: true }).click()

    const first = await measured('tan-trinh')
    await standAt(context, first)
    await page.getByRole('button', { name: 'Vị trí của tôi' }).click()
    await page.getByText('Dấu cộng xanh là bạn, sai số 12 m').waitFor()
    expect((await colours(page, { HERE }))['HERE']).toBeGreaterThan(20)
    await page.locator('canvas').click()
    const there = page.getByRole('button', { name: first.head }).first()
    await there.waitFor()
    expect(await page.locator('section li').count()).toBeLessThanOrEqual(5)
    expect(await page.locator('section li').first().innerText()).toContain('0 m')
    await isAccessible(page, 'households around a place')
    await picture(page, 'map-tapped')
    await there.click()
    await page.getByRole('heading', { name: first.head, level: 1 }).waitFor()
    await page.goBack()
    await page.getByRole('heading', { name: 'Bản đồ' }).waitFor()
    await page.goBack()
    await page.getByRole('heading', { name: 'Hộ được giao' }).waitFor()
    expect([...asked], 'nobody but the server is asked for anything').toEqual([house.base])
    await context.close()
  })

  it('follows a finger and two, the buttons, and shows everything again', async () => {
    const { context } = await phone(browser)
    const page = await enrol(context, await house.slip('tan-trinh', 'minh'), 'Minh')
    await page.getByRole('button', { name: 'Bản đồ' }).click()
    const canvas = page.locator('canvas')
    await canvas.waitFor()
    const whole = await drawn(page)
    const scale = page.locator('.sheet .bar')
    const [before, box] = [await scale.innerText(), await canvas.boundingBox()]
    if (box === null) throw new Error('there is no map')
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + 60, y + 40, { steps: 4 })
    await page.mouse.up()
    expect(await drawn(page), 'dragged').not.toBe(whole)
    expect(await scale.innerText()).toBe(before)
    expect(await page.getByText('Bấm vào một chỗ').isVisible(), 'a drag is no tap').toBe(true)
    await page.getByRole('button', { name: 'Cả thôn' }).click()
    expect(await drawn(page)).toBe(whole)
    for (let times = 0; times < 3; times += 1) await page.getByRole('button', { name: 'Phóng to' }).click()
    expect(await scale.innerText(), 'nearer').not.toBe(before)
    for (let times = 0; times < 3; times += 1) await page.getByRole('button', { name: 'Thu nhỏ' }).click()
    expect(await scale.innerText(), 'as far as before').toBe(before)
    const session = await context.newCDPSession(page)
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', apart: number[]) =>
      session.send('Input.dispatchTouchEvent', { type, touchPoints: apart.flatMap((half) => [{ x: x - half, y, id: 0 }, { x: x + half, y, id: 1 }]) })
    await touch('touchStart', [20])
    for (const half of [40, 60, 80, 100]) await touch('touchMove', [half])
    await touch('touchEnd', [])
    await expect.poll(() => scale.innerText(), { message: 'two fingers' }).not.toBe(before)
    await page.getByRole('button', { name: 'Cả thôn' }).click()
    expect(await drawn(page)).toBe(whole)
    await context.close()
  })

  it('says how many households have no place yet and leads to them', async () => {
    const { context } = await phone(browser)
    const page = await enrol(context, await house.slip('quang-binh', 'lan'), 'Lan')
    await page.getByRole('button', { name: 'Hộ mới' }).click()
    await page.getByLabel('Họ và tên chủ hộ').fill('Giàng A Mới')
    await page.getByRole('button', { name: 'Bắt đầu' }).click()
    await page.getByRole('heading', { name: 'Giàng A Mới', level: 1 }).waitFor()
    await page.getByRole('button', { name: 'Danh sách hộ' }).click()
    await page.getByRole('button', { name: 'Bản đồ' }).click()
    await page.getByText(/hộ chưa có vị trí nên/).waitFor()
    await page.setViewportSize({ width: 320, height: 640 })
    await isAccessible(page, 'the map on a narrow screen')
    await picture(page, 'map-320')
    const [unplaced] = /\d+/.exec(await page.getByText(/hộ chưa có vị trí nên/).innerText()) ?? []
    await page.getByRole('button', { name: 'Xem trong danh sách' }).click()
    await page.getByText('Chỉ các hộ chưa có vị trí').waitFor()
    await page.getByText(`${unplaced} hộ`, { exact: true }).waitFor()
    await isAccessible(page, 'households without a place')
    await picture(page, 'unplaced-320')
    await page.getByRole('button', { name: /Giàng A Mới/ }).click()
    await page.getByRole('heading', { name: 'Giàng A Mới', level: 1 }).waitFor()
    await page.goBack()
    await page.getByRole('button', { name: 'Xem lại tất cả' }).click()
    await expect.poll(async () => Number.parseInt(await page.getByText(/^\d+ hộ$/).innerText())).toBeGreaterThan(Number(unplaced))
    await context.close()
  })
})
