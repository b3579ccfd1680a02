// A phone's browser: the system's Chromium at the size of a cheap phone, and what every screen has to hold to.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, type BrowserContext, type Page, chromium } from 'playwright-core'
import { expect } from 'vitest'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** Everybody's PIN. */
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

/** `flags`: what else the browser is started with. */
export async function launch(flags: string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', ...flags] })
}

/** A cheap phone's screen. */
const SIZE = { width: 360, height: 800 }

/** A phone that nobody has used, and everybody whom it asks for anything. */
export async function phone(browser: Browser, options: { userAgent?: string } = {}): Promise<{ context: BrowserContext; asked: Set<string> }> {
  const context = await browser.newContext({ viewport: SIZE, locale: 'vi-VN', ...options })
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
  expect(await overflow(page), `${name} is wider than the screen`).toEqual([])
  await page.setViewportSize({ width: 320, height: 640 })
  expect(await overflow(page), `${name} is wider than a small screen`).toEqual([])
  await page.evaluate(() => (document.documentElement.style.fontSize = '200%'))
  expect(await overflow(page), `${name} is wider than a small screen with large letters`).toEqual([])
  await page.evaluate(() => (document.documentElement.style.fontSize = ''))
  await page.setViewportSize(SIZE)
}

/** What stands out over the right edge of the screen, when anything makes the page wider than it. */
async function overflow(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth
    if (document.documentElement.scrollWidth <= width) return []
    const wide = [...document.querySelectorAll('main *')].filter((element) => element.getBoundingClientRect().right > width + 1)
    return wide.map((element) => `${element.tagName} ${element.className} ${element.textContent?.slice(0, 40)}`)
  })
}
