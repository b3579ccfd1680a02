// Updates: a new version waits beside the old one until somebody lets it in, never in the middle of a form.

class Update {
  isReady = $state(false)
  private waiting: ServiceWorker | undefined

  found(waiting: ServiceWorker): void {
    this.waiting = waiting
    this.isReady = true
  }

  take(): void {
    navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true })
    this.waiting?.postMessage('take over')
  }
}

export const update = new Update()

/** Keeps the app on this device, and looks for its updates. */
export async function keepForTomorrow(): Promise<void> {
  if (!('serviceWorker' in navigator)) return
  const registration = await navigator.serviceWorker.register('/sw.js', { updateViaCache: 'none' })
  const look = (worker: ServiceWorker | null) => {
    if (worker?.state === 'installed' && navigator.serviceWorker.controller !== null) update.found(worker)
  }
  look(registration.waiting)
  registration.addEventListener('updatefound', () => {
    const arriving = registration.installing
    arriving?.addEventListener('statechange', () => look(arriving))
  })
}
