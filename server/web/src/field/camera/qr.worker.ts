// Looks for a QR code in one picture after the other, away from the screen's thread.

import decodeQR from 'qr/decode.js'

self.onmessage = ({ data }: MessageEvent<ImageData>) => {
  self.postMessage(codeIn(data))
}

function codeIn({ width, height, data }: ImageData): string | undefined {
  try {
    return decodeQR({ width, height, data })
  } catch {
    // It throws where it finds none: most pictures.
    return undefined
  }
}
