// The back camera: opened for one purpose, closed with it.

/** Why there is no picture. */
export type CameraFault = 'refused' | 'absent' | 'busy'

export interface Camera {
  stream: MediaStream
  /** Turns the light on or off; absent where there is none. */
  light?: (isOn: boolean) => Promise<void>
  close(): void
}

const ASKED: MediaStreamConstraints = {
  audio: false,
  video: { facingMode: { ideal: 'environment' }, width: { ideal: 1280 }, height: { ideal: 720 } },
}

export async function openCamera(): Promise<Camera | CameraFault> {
  // Absent where the page is not served safely.
  const devices = navigator.mediaDevices as MediaDevices | undefined
  if (devices === undefined) return 'absent'
  try {
    return cameraOf(await devices.getUserMedia(ASKED))
  } catch (error) {
    return faultIn(error)
  }
}

function cameraOf(stream: MediaStream): Camera {
  const [track] = stream.getVideoTracks()
  const close = () => stream.getTracks().forEach((one) => one.stop())
  const { torch } = (track?.getCapabilities?.() ?? {}) as { torch?: boolean }
  if (torch !== true) return { stream, close }
  const light = async (isOn: boolean) => track?.applyConstraints({ advanced: [{ torch: isOn } as MediaTrackConstraintSet] })
  return { stream, light, close }
}

export function faultIn(error: unknown): CameraFault {
  const name = error instanceof DOMException ? error.name : ''
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'refused'
  return name === 'NotReadableError' || name === 'AbortError' ? 'busy' : 'absent'
}
