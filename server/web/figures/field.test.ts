// What the field app costs with a commune of some 3,000 households on the phone: `make bench-web`. A measurement, not a test:
// it prints, and fails only where there is nothing to measure. The page's thread is slowed down four times; the Worker cannot
// be, so what waits for it is given four times over, too.

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { launch, phone } from '../tests/browser'
import { House } from '../tests/house'

const SLOWER = 4
const ROUNDS = 5
const PIN = '482913'
let house: House
let browser: Browser

beforeAll(async () => {
  house = await House.open(['--place', 'figures/one-commune.toml', '--villages', '40', '--households', '120'])
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
  await house?.close()
})

/** The middle one of some durations, in milliseconds. */
async function middle(measured: () => Promise<number>): Promise<number> {
  const all: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) all.push(await measured())
  return all.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0
}

/** From something typed into the search to the frame in which the count is another one. */
async function untilCounted(page: Page, typed: string): Promise<number> {
  return page.evaluate(async (typed) => {
    const [search, count] = [document.querySelector<HTMLInputElement>('input[type=search]'), document.querySelector('p[role=status]')]
    if (search === null || count === null) throw new Error('there is no list')
    const before = count.textContent
    const began = performance.now()
    search.value = typed
    search.dispatchEvent(new Event('input', { bubbles: true }))
    while (count.textContent === before) await new Promise(requestAnimationFrame)
    return performance.now() - began
  }, typed)
}

/** From a click to the first frame in which an element is there, by the page's own clock. */
async function untilShown(page: Page, trigger: string, shown: string): Promise<number> {
  return page.evaluate(
    async ({ trigger, shown }) => {
      const find = (wanted: string) => {
        const [selector = '', text] = wanted.split('|')
        return [...document.querySelectorAll<HTMLElement>(selector)].find((found) => text === undefined || found.textContent?.includes(text))
      }
      const target = find(trigger)
      if (target === undefined) throw new Error(`nothing is ${trigger}`)
      const began = performance.now()
      target.click()
      while (find(shown) === undefined) await new Promise(requestAnimationFrame)
      return performance.now() - began
    },
    { trigger, shown },
  )
}

/** Milliseconds from one frame to the next while a finger drags the map. */
async function dragging(page: Page): Promise<number[]> {
  const box = await page.locator('canvas').boundingBox()
  if (box === null) throw new Error('there is no map')
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
  await page.mouse.move(x, y)
  await page.mouse.down()
  const frames = page.evaluate(async () => {
    const times: number[] = []
    for (let frame = 0; frame < 60; frame += 1) times.push(await new Promise<number>(requestAnimationFrame))
    return times.slice(1).map((time, before) => time - (times[before] ?? time))
  })
  for (let step = 0; step < 40; step += 1) await page.mouse.move(x + (step % 20) * 4, y + step)
  await page.mouse.up()
  return frames
}

async function slowed(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page)
  await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWER })
}

it('costs so much', async () => {
  const { context } = await phone(browser)
  const first = await context.newPage()
  await first.goto(await house.slip('tan-trinh', 'lan'))
  await first.getByLabel('Tên bạn').fill('Lan')
  await first.getByLabel('Chọn mã PIN').fill(PIN)
  await first.getByLabel('Nhập lại mã PIN').fill(PIN)
  const began = Date.now()
  await first.getByRole('button', { name: 'Bắt đầu' }).click()
  await first.getByText(/Xong: gửi/).waitFor({ timeout: 120_000 })
  const figures: Record<string, string> = { 'first load, this machine': `${Date.now() - began} ms` }
  const count = await first.getByText(/^\d+ hộ$/).textContent()
  expect(Number.parseInt(count ?? '')).toBeGreaterThan(1_000)
  figures['households on the phone'] = count ?? ''
  await first.close()

  await context.setOffline(true)
  const readies: number[] = []
  const half = (all: number[]) => Math.round(all.sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0)
  const start = await middle(async () => {
    const page = await context.newPage()
    await slowed(page)
    await page.goto(house.base)
    await page.getByRole('button', { name: 'Lan' }).waitFor()
    const ready = await page.evaluate(() => performance.now())
    await page.getByRole('button', { name: 'Lan' }).click()
    await page.getByLabel('Mã PIN').fill(PIN)
    const opened = await untilShown(page, 'form button', 'h1|Hộ được giao')
    await page.close()
    readies.push(ready)
    return opened
  })
  figures['cold start until the PIN can be typed'] = `${half(readies)} ms`
  figures['from the PIN to the list'] = `${Math.round(start)} ms`

  const page = await context.newPage()
  await page.goto(house.base)
  await page.getByRole('button', { name: 'Lan' }).click()
  await page.getByLabel('Mã PIN').fill(PIN)
  await page.getByRole('button', { name: 'Mở khóa' }).click()
  await page.getByRole('heading', { name: 'Hộ được giao' }).waitFor()
  await slowed(page)
  const typed = ['giang', '', 'ly thi', '', 'hoang van']
  let at = 0
  const search = await middle(() => untilCounted(page, typed[at++ % typed.length] ?? ''))
  figures['search as one types'] = `${Math.round(search)} ms`
  await context.grantPermissions(['geolocation'])
  await context.setGeolocation({ latitude: 22.426, longitude: 104.66, accuracy: 12 })
  figures['the nearest first'] = `${Math.round(await untilShown(page, 'button|Gần đây nhất', '.who .quiet| km'))} ms`
  const searchNear = await middle(() => untilCounted(page, typed[at++ % typed.length] ?? ''))
  figures['search as one types, the nearest first'] = `${Math.round(searchNear)} ms`
  await untilCounted(page, '')
  figures['opening the map'] = `${Math.round(await untilShown(page, 'button|Bản đồ', 'canvas[width]'))} ms`
  figures['a frame of the map under a finger'] = `${half(await dragging(page))} ms`
  await page.getByRole('button', { name: 'Danh sách hộ' }).click()
  await page.getByRole('button', { name: 'Gần đây nhất' }).click()
  const [opens, leaves]: [number[], number[]] = [[], []]
  for (let round = 0; round < ROUNDS; round += 1) {
    opens.push(await untilShown(page, '.row', 'h2|Các lượt đến'))
    await untilShown(page, 'li button|Nhà ở', 'h1|Nhà ở')
    await page.getByRole('radio').first().check()
    await page.waitForTimeout(300)
    leaves.push(await untilShown(page, '.end button', 'h2|Các lượt đến'))
    await page.getByRole('button', { name: 'Danh sách hộ' }).click()
    await page.getByRole('heading', { name: 'Hộ được giao' }).waitFor()
  }
  figures['opening a household'] = `${half(opens)} ms`
  figures['leaving a section'] = `${half(leaves)} ms`
  const session = await context.newCDPSession(page)
  const { usedSize } = (await session.send('Runtime.getHeapUsage')) as { usedSize: number }
  figures["the page's heap"] = `${(usedSize / 1e6).toFixed(1)} MB`
  console.table(figures)
})
