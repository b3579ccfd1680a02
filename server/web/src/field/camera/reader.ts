// Who finds the QR code in a picture of the camera: the browser where it can, else a decoder of our own in a Worker.
//
// The decoder is `qr` (MIT or Apache-2.0; no dependencies, 11 KB compressed, several releases a year). `jsqr` and
// `qr-scanner` rest since years, `@zxing/library` is ten times as heavy, `zxing-wasm` brings a megabyte for formats that no
// slip and no card has.

export interface Reader {
  /** The text of a code that is to be seen; nothing when there is none. */
  read(video: HTMLVideoElement): Promise<string | undefined>
  end(): void
}

/** As far as the types of the DOM do not know it yet. */
interface Detector {
  detect(video: HTMLVideoElement): Promise<{ rawValue: string }[]>
}

interface DetectorClass {
  new (options: { formats: string[] }): Detector
  getSupportedFormats(): Promise<string[]>
}

/** Side of what is looked at, in pixels: a card's code has some sixty modules, and the frame shows little besides. */
const MOST_SIDE = 800

export async function startReader(): Promise<Reader> {
  const { BarcodeDetector } = globalThis as { BarcodeDetector?: DetectorClass }
  if (BarcodeDetector === undefined) return own()
  const formats = await BarcodeDetector.getSupportedFormats().catch((): string[] => [])
  return formats.includes('qr_code') ? browsers(BarcodeDetector) : own()
}

function browsers(BarcodeDetector: DetectorClass): Reader {
  const detector = new BarcodeDetector({ formats: ['qr_code'] })
  return {
    read: async (video) => (await detector.detect(video))[0]?.rawValue,
    end: () => undefined,
  }
}

function own(): Reader {
  const worker = new Worker(new URL('./qr.worker.ts', import.meta.url), { type: 'module', name: 'qr' })
  const canvas = document.createElement('canvas')
  return {
    read: (video) => {
      const picture = middleOf(video, canvas)
      return new Promise((found, failed) => {
        worker.onmessage = (event: MessageEvent<string | undefined>) => found(event.data)
        worker.onerror = () => failed(new Error('the decoder does not start'))
        worker.postMessage(picture, [picture.data.buffer])
      })
    },
    end: () => worker.terminate(),
  }
}

/** The square in the middle of the picture: what the frame on the screen shows. */
function middleOf(video: HTMLVideoElement, canvas: HTMLCanvasElement): ImageData {
  const { videoWidth, videoHeight } = video
  const side = Math.min(videoWidth, videoHeight)
  canvas.width = canvas.height = Math.min(side, MOST_SIDE)
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (context === null) throw new Error('no canvas')
  context.drawImage(video, (videoWidth - side) / 2, (videoHeight - side) / 2, side, side, 0, 0, canvas.width, canvas.height)
  return context.getImageData(0, 0, canvas.width, canvas.height)
}
