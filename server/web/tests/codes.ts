// What a camera sees: a QR code in the middle of a white wall, as a film that Chromium plays as its camera.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import encodeQR from 'qr'
import type { Browser } from 'playwright-core'
import { launch } from './browser'

const [WIDTH, HEIGHT] = [640, 480]
const WHITE = 235
const BLACK = 16
const NO_COLOUR = 128

/** A film of one picture, in YUV4MPEG2. */
function film(text: string): Buffer {
  const modules = encodeQR(text, 'raw', { ecc: 'medium', border: 4 })
  const size = Math.floor(HEIGHT / modules.length)
  const [left, top] = [Math.floor((WIDTH - size * modules.length) / 2), Math.floor((HEIGHT - size * modules.length) / 2)]
  const light = Buffer.alloc(WIDTH * HEIGHT, WHITE)
  for (let y = 0; y < HEIGHT; y += 1) {
    for (let x = 0; x < WIDTH; x += 1) {
      if (modules[Math.floor((y - top) / size)]?.[Math.floor((x - left) / size)] === true) light[y * WIDTH + x] = BLACK
    }
  }
  const colour = Buffer.alloc((WIDTH / 2) * (HEIGHT / 2) * 2, NO_COLOUR)
  const head = Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F10:1 Ip A1:1 C420jpeg\n`)
  return Buffer.concat([head, Buffer.from('FRAME\n'), light, colour])
}

/** A browser in front of whose camera somebody holds a code. */
export async function seeing<T>(text: string, work: (browser: Browser) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'rasoat-camera-'))
  const file = join(directory, 'code.y4m')
  writeFileSync(file, film(text))
  const browser = await launch(['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${file}`])
  try {
    return await work(browser)
  } finally {
    await browser.close()
    rmSync(directory, { recursive: true })
  }
}
