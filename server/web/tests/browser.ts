// A phone's browser: the system's Chromium at the size of a cheap phone, and what every screen has to hold to.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, type BrowserContext, type Page, chromium } from 'playwright-core'
import { expect } from 'vitest'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** Everybody's PIN. */
export const PIN = '482913'
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

/** `flags`: what else the browser is started with. */
export async function launch(flags: string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', ...flags] })
}

/** A phone that nobody has used, and everybody whom it asks for anything. */
export async function phone(browser: Browser, options: { userAgent?: string } = {}): Promise<{ context: BrowserContext; asked: Set<string> }> {
  const context = await browser.newContext({ viewport: { width: 360, height: 800 }, locale: 'vi-VN', ...options })
  const asked = new Set<string>()
  context.on('request', (request) => asked.add(new URL(request.url()).origin))
  return { context, asked }
}

/** WCAG 2.2 AA, as far as a program can tell, and nothing wider than the screen. */
export async function isAccessible(page: Page, name: string): Promise<void> {
  await page.evaluate(AXE)
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(options: unknown): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }
    const found = await axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`)
  })
  expect(violations, name).toEqual([])
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  expect(overflow, `${name} is wider than the screen`).toBe(0)
}

/** Lets a phone in by a slip, and waits for everything that it is given. */
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
