// Somebody at a phone: let in with a PIN, and back again after the browser was killed.

import type { BrowserContext, Page } from 'playwright-core'

export const PIN = '482913'

export async function enrol(context: BrowserContext, slip: string, name: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(slip)
  await page.getByLabel('Tên bạn').fill(name)
  await page.getByLabel('Chọn mã PIN').fill(PIN)
  await page.getByLabel('Nhập lại mã PIN').fill(PIN)
  await page.getByRole('button', { name: 'Bắt đầu' }).click()
  await page.getByText(/Xong: gửi/).waitFor()
  return page
}

/** A fresh page on the same phone, as after the browser was killed. */
export async function unlock(context: BrowserContext, base: string, name: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(base)
  await page.getByRole('button', { name }).click()
  await page.getByLabel('Mã PIN').fill(PIN)
  await page.getByRole('button', { name: 'Mở khóa' }).click()
  return page
}

/** Begins a visit of the household on the screen, at which somebody is met. */
export async function meet(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Bắt đầu lượt đến hôm nay' }).click()
  await page.getByRole('radio', { name: 'Gặp được' }).check()
  await page.getByLabel('Người trả lời').waitFor()
  await page.getByRole('button', { name: 'Lưu', exact: true }).click()
  await page.getByRole('heading', { name: 'Phiếu', exact: true }).waitFor()
}
