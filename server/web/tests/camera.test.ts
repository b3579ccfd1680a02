// QR codes by the app's own camera: the commune's slip and the chip card, with codes that are neither.

import { mkdirSync } from 'node:fs'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAccessible, launch, phone } from './browser'
import { seeing } from './codes'
import { House } from './house'
import { PIN, enrol, meet } from './person'

const CARD = '002085000123|085000123|Giàng Thị Páo|03051985|Nữ|Thôn Nà Bình, Quang Bình, Tuyên Quang|01072021'
let house: House

beforeAll(async () => {
  house = await House.open()
})

afterAll(() => house?.close())

/** A page that keeps count of the cameras that it has opened. */
async function counting(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const opened: MediaStreamTrack[] = []
    Object.assign(globalThis, { opened })
    const devices = navigator.mediaDevices
    const ask = devices.getUserMedia.bind(devices)
    devices.getUserMedia = async (asked) => {
      const stream = await ask(asked)
      opened.push(...stream.getTracks())
      return stream
    }
  })
}

/** How many cameras were opened, and how many of them run. */
function cameras(page: Page): Promise<[number, number]> {
  return page.evaluate(() => {
    const { opened } = globalThis as unknown as { opened: MediaStreamTrack[] }
    return [opened.length, opened.filter(({ readyState }) => readyState === 'live').length]
  })
}

/** The identity of a member who was just listed in a household of their own. */
async function identity(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Hộ mới' }).click()
  await page.getByLabel('Họ và tên chủ hộ').fill(name)
  await page.getByRole('button', { name: 'Bắt đầu', exact: true }).click()
  await meet(page)
  await page.getByRole('button', { name: /Nhân thân/ }).click()
  await page.getByRole('group', { name: 'Chưa được cấp số định danh' }).getByRole('radio', { name: 'Không' }).check()
  await page.getByLabel('Số định danh').waitFor()
}

describe('the camera', () => {
  it('that is not there or not allowed is told in words, and people type', async () => {
    const cameras: [string[], string][] = [
      [[], 'Không dùng được máy ảnh trên máy này'],
      [['--use-fake-device-for-media-stream'], 'Chưa được phép dùng máy ảnh'],
    ]
    for (const [flags, words] of cameras) {
      const browser = await launch(flags)
      const { context } = await phone(browser)
      const page = await context.newPage()
      await page.goto(house.base)
      await page.getByRole('button', { name: 'Quét mã QR' }).click()
      await page.getByText(words).waitFor()
      await isAccessible(page, words)
      await page.getByRole('button', { name: 'Đóng' }).click()
      await page.getByLabel('Mã ghi danh').fill('7K2M-0QXZ-B4T9')
      await browser.close()
    }
  })

  it('names the server of another one’s slip, goes on looking, and stops with the dialog', async () => {
    await seeing(`https://ra-soat.example.vn/#ghi-danh=7K2M-0QXZ-B4T9.${'ab'.repeat(32)}`, async (browser) => {
      const { context } = await phone(browser)
      await counting(context)
      const page = await context.newPage()
      await page.goto(house.base)
      await page.getByRole('button', { name: 'Quét mã QR' }).click()
      await page.getByText('Phiếu này của máy chủ khác: ra-soat.example.vn').waitFor()
      await isAccessible(page, 'looking for a slip')
      expect(await cameras(page)).toEqual([1, 1])
      await page.getByRole('button', { name: 'Đóng' }).click()
      await expect.poll(() => cameras(page)).toEqual([1, 0])
      expect(await page.evaluate(() => document.activeElement?.textContent), 'people are where they were').toBe('Quét mã QR')
      expect(await page.getByLabel('Mã ghi danh').isVisible()).toBe(true)
    })
  })

  it('leaves the search to the browser where that reads QR codes', async () => {
    await seeing('what only our own decoder would find', async (browser) => {
      const { context } = await phone(browser)
      await context.addInitScript((code) => {
        const getSupportedFormats = async () => ['code_128', 'qr_code']
        const BarcodeDetector = class {
          static getSupportedFormats = getSupportedFormats
          detect = async (video: unknown) => (video instanceof HTMLVideoElement ? [{ rawValue: code }] : [])
        }
        Object.assign(globalThis, { BarcodeDetector })
      }, await house.slip('tan-trinh', 'minh'))
      const page = await context.newPage()
      await page.goto(house.base)
      await page.getByRole('button', { name: 'Quét mã QR' }).click()
      await page.getByText('Đã nhận mã từ phiếu của xã').waitFor()
      expect(page.workers().map((worker) => worker.url()).filter((url) => url.includes('qr'))).toEqual([])
    })
  })

  it('reads the commune’s slip and lets the phone in', async () => {
    await seeing(await house.slip('tan-trinh', 'lan'), async (browser) => {
      const { context, asked } = await phone(browser)
      await counting(context)
      const page = await context.newPage()
      await page.goto(house.base)
      await page.getByRole('button', { name: 'Quét mã QR' }).click()
      await page.getByText('Đã nhận mã từ phiếu của xã').waitFor()
      await expect.poll(() => cameras(page)).toEqual([1, 0])
      await page.getByLabel('Tên bạn').fill('Lan')
      await page.getByLabel('Chọn mã PIN').fill(PIN)
      await page.getByLabel('Nhập lại mã PIN').fill(PIN)
      await page.getByRole('button', { name: 'Bắt đầu' }).click()
      await page.getByText(/Xong: gửi/).waitFor()
      expect([...asked], 'nobody but the server is asked for anything').toEqual([house.base])
    })
  })

  it('takes no other code for a card, and stops when the section is left', async () => {
    await seeing('002085000123', async (browser) => {
      const { context } = await phone(browser)
      await counting(context)
      const page = await enrol(context, await house.slip('tan-trinh', 'lan'), 'Lan')
      await identity(page, 'Giàng Thị Pao')
      await page.getByRole('button', { name: 'Quét mã QR trên thẻ' }).click()
      await page.getByText('Đây không phải mã trên thẻ căn cước').waitFor()
      expect(await cameras(page)).toEqual([1, 1])
      await page.goBack()
      await page.getByRole('heading', { name: 'Các lượt đến' }).waitFor()
      await expect.poll(() => cameras(page)).toEqual([1, 0])
    })
  })

  it('fills the number of a card, offers what is empty, and replaces only what somebody taps', async () => {
    await seeing(CARD, async (browser) => {
      const { context } = await phone(browser)
      await counting(context)
      const page = await enrol(context, await house.slip('tan-trinh', 'minh'), 'Minh')
      await context.setOffline(true)
      await identity(page, 'Giàng Thị Pao')
      await page.getByRole('button', { name: 'Quét mã QR trên thẻ' }).click()
      await page.getByText('Đã đọc thẻ số 002085000123').waitFor()
      await expect.poll(() => cameras(page)).toEqual([1, 0])
      expect(await page.getByLabel('Số định danh').inputValue()).toBe('002085000123')
      expect(await page.getByLabel('Năm').inputValue(), 'nothing else was filled in yet').toBe('')
      await isAccessible(page, 'a card that was read')
      if (process.env['PICTURES'] !== undefined) {
        mkdirSync(process.env['PICTURES'], { recursive: true })
        await page.getByText('Đã đọc thẻ').scrollIntoViewIfNeeded()
        await page.screenshot({ path: `${process.env['PICTURES']}/card.png`, fullPage: true })
      }
      await page.getByRole('button', { name: 'Điền những điều này' }).click()
      await expect.poll(() => page.getByLabel('Năm').inputValue()).toBe('1985')
      expect(await page.getByRole('radio', { name: 'Nữ' }).isChecked()).toBe(true)
      expect(await page.getByLabel('Họ và tên').inputValue(), 'what stands there stays').toBe('Giàng Thị Pao')
      await page.getByRole('button', { name: 'Ghi theo thẻ: Họ và tên' }).click()
      await expect.poll(() => page.getByLabel('Họ và tên').inputValue()).toBe('Giàng Thị Páo')
      await page.getByText('Phiếu ghi đúng như thẻ').waitFor()
      await page.getByRole('button', { name: 'Lưu', exact: true }).click()
      await page.getByRole('heading', { name: 'Giàng Thị Páo', level: 1 }).waitFor()
    })
  })
})
