// A forgotten PIN, in a phone's browser against the real server: nothing of what was not sent yet is lost.

import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAccessible, launch, phone } from './browser'
import { type Desk, House } from './house'
import { PIN, enrol } from './person'

const NEW_PIN = '730516'
const KNOWN = 'Biết mặt, có thẻ căn cước'
const ROUND = '2026-dinh-ky'
/** Four pixels. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGP4z8AARAwQCgAf7gP9i18U1AAAAABJRU5ErkJggg==',
  'base64',
)
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

/** A fresh page on the same phone, in front of somebody's PIN. */
async function lockedPage(context: BrowserContext, name: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(house.base)
  await page.getByRole('button', { name }).click()
  await page.getByLabel('Mã PIN').waitFor()
  return page
}

async function unlock(page: Page, pin: string): Promise<void> {
  await page.getByLabel('Mã PIN').fill(pin)
  await page.getByRole('button', { name: 'Mở khóa' }).click()
}

async function asks(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Quên mã PIN?' }).click()
  await page.getByRole('button', { name: 'Xin xã mở lại máy' }).click()
  return codeOn(page)
}

async function codeOn(page: Page): Promise<string> {
  return page.getByText(/^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$/).innerText()
}

/** The device of the one request that waits in somebody's commune. */
async function waiting(desk: Desk): Promise<string> {
  const { unit } = await desk.get<{ unit: number }>('/api/me')
  const openings = await desk.get<{ device: string }[]>(`/api/units/${unit}/openings`)
  expect(openings).toHaveLength(1)
  return openings[0]?.device ?? ''
}

async function agree(desk: Desk, device: string, code: string): Promise<string> {
  const { state } = await desk.post<{ state: string }>(`/api/devices/${device}/opening/confirm`, { code, reason: KNOWN })
  return state
}

interface Kept {
  household: { answers: Record<string, unknown>; visits: Record<string, Record<string, unknown>> }
  blobs: { state: string }[]
}

async function atOffice(desk: Desk, head: string): Promise<Kept> {
  const { unit } = await desk.get<{ unit: number }>('/api/me')
  const path = `/api/rounds/${ROUND}/communes/${unit}/households`
  const [found] = await desk.get<{ household: string }[]>(`${path}?name=${encodeURIComponent(head)}`)
  return desk.get<Kept>(`${path}/${found?.household}`)
}

/** An interview that was saved, a photo, and a section half done; nothing of it is sent, and the browser is gone. */
async function workedOffline(context: BrowserContext, page: Page): Promise<void> {
  await context.setOffline(true)
  await page.getByRole('searchbox').fill('sinh long')
  await page.getByRole('button', { name: /Long Seo Sinh/ }).click()
  await page.getByRole('button', { name: 'Bắt đầu lượt đến hôm nay' }).click()
  await page.getByRole('radio', { name: 'Gặp được' }).check()
  await page.getByLabel('Người trả lời').fill('Long Seo Sinh')
  await page.getByRole('button', { name: 'Lưu', exact: true }).click()
  await page.getByRole('button', { name: /Vị trí/ }).click()
  await page.getByLabel('Chụp ảnh').setInputFiles({ name: 'nha.png', mimeType: 'image/png', buffer: PICTURE })
  await page.getByRole('img').waitFor()
  await page.getByRole('button', { name: 'Lưu', exact: true }).click()
  await page.getByRole('button', { name: /Nhà ở/ }).click()
  await page.getByLabel('Tổng diện tích nhà ở').fill('47')
  await page.getByRole('radio').first().check()
  // Drawn after it was kept. Nothing was saved by hand.
  await page.getByRole('button', { name: 'Bỏ câu trả lời' }).waitFor()
  await page.close()
}

describe('a forgotten PIN', () => {
  it('costs no work: two officers open the phone, and what was not sent goes with the next sync', async () => {
    const { context, asked } = await phone(browser)
    await workedOffline(context, await enrol(context, await house.slip('tan-trinh', 'lan'), 'Lý Thị Lan'))

    const page = await lockedPage(context, 'Lý Thị Lan')
    for (let tries = 0; tries < 6; tries += 1) {
      await unlock(page, '000000')
      await page.getByText(tries < 5 ? 'Sai mã PIN' : 'Nhập sai nhiều lần').waitFor()
    }
    await page.getByRole('button', { name: 'Quên mã PIN?' }).click()
    await isAccessible(page, 'a forgotten PIN')
    await page.getByRole('button', { name: 'Xin xã mở lại máy' }).click()
    await page.getByText('Không có mạng').waitFor()
    await context.setOffline(false)
    await page.getByRole('button', { name: 'Xin xã mở lại máy' }).click()
    const code = await codeOn(page)
    await isAccessible(page, 'a phone that waits to be opened')
    await page.close()

    const hoa = await house.logIn('tan-trinh.hoa')
    const device = await waiting(hoa)
    await expect(agree(hoa, device, '7K2M-0QXZ-B4T9')).rejects.toThrow('opening/code-differs')
    expect(await agree(hoa, device, code)).toBe('confirmed')
    await expect(agree(hoa, device, code)).rejects.toThrow('opening/same-officer')
    // The phone was put away meanwhile.
    const again = await lockedPage(context, 'Lý Thị Lan')
    await again.getByRole('button', { name: 'Quên mã PIN?' }).click()
    expect(await codeOn(again)).toBe(code)
    await again.getByText('Hoàng Thị Hoa đã đồng ý; cần thêm một người nữa.').waitFor()
    expect(await agree(await house.logIn('tan-trinh.son'), device, code)).toBe('opened')
    await again.getByRole('button', { name: 'Kiểm tra' }).click()
    await again.getByRole('heading', { name: 'Xã đã mở lại máy' }).waitFor()
    await isAccessible(again, 'a new PIN')
    await again.getByLabel('Chọn mã PIN').fill(NEW_PIN)
    await again.getByLabel('Nhập lại mã PIN').fill(PIN)
    await again.getByRole('button', { name: 'Bắt đầu' }).click()
    await again.getByText('Hai mã PIN không giống nhau').waitFor()
    await again.getByLabel('Nhập lại mã PIN').fill(NEW_PIN)
    await again.getByRole('button', { name: 'Bắt đầu' }).click()

    await again.getByRole('button', { name: 'Làm tiếp' }).click()
    expect(await again.getByLabel('Tổng diện tích nhà ở').inputValue()).toBe('47')
    await again.getByRole('button', { name: 'Lưu', exact: true }).click()
    await again.getByRole('button', { name: 'Danh sách hộ' }).click()
    await again.getByRole('button', { name: 'Đồng bộ' }).click()
    await again.getByText('Đã gửi hết').waitFor()
    await expect.poll(async () => (await atOffice(hoa, 'long seo sinh')).blobs[0]?.state).toBe('there')
    const { household } = await atOffice(hoa, 'long seo sinh')
    expect(household.answers['floor_area'], 'in tenths').toBe(470)
    expect(Object.values(household.visits)).toContainEqual(expect.objectContaining({ outcome: 'met', respondent: 'Long Seo Sinh' }))
    expect([...asked], 'nobody but the server is asked for anything').toEqual([house.base])
    await again.close()

    const last = await lockedPage(context, 'Lý Thị Lan')
    await last.getByText(/Xã mở lại máy này lúc .*: Hoàng Thị Hoa, Nông Văn Sơn/).waitFor()
    await isAccessible(last, 'a PIN that was chosen anew')
    await unlock(last, PIN)
    await last.getByText('Sai mã PIN').waitFor()
    await unlock(last, NEW_PIN)
    await last.getByRole('searchbox').waitFor()
    await context.close()
  })

  it('is asked for again when an officer refuses, who says why, and the old PIN still opens the phone', async () => {
    const { context } = await phone(browser)
    const enrolled = await enrol(context, await house.slip('xuan-giang', 'lan'), 'Lan')
    await enrolled.close()
    const page = await lockedPage(context, 'Lan')
    const first = await asks(page)
    const hoa = await house.logIn('xuan-giang.hoa')
    const device = await waiting(hoa)
    await hoa.post(`/api/devices/${device}/opening/refuse`, { reason: 'Không phải chị Lan' })
    await page.getByRole('button', { name: 'Kiểm tra' }).click()
    await page.getByText('Hoàng Thị Hoa không đồng ý mở máy: Không phải chị Lan').waitFor()
    await isAccessible(page, 'a phone that is not opened')
    await page.getByRole('button', { name: 'Xin xã mở lại máy' }).click()
    expect(await codeOn(page)).not.toBe(first)
    await expect(agree(hoa, device, first)).rejects.toThrow('opening/code-differs')
    await page.getByRole('button', { name: 'Quay lại' }).click()
    await unlock(page, PIN)
    await page.getByRole('searchbox').waitFor()
    await context.close()
  })
})
