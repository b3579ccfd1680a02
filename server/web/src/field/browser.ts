// What the browser cannot do, told before anybody has typed anything.

/** The browsers inside other apps: they clear what is kept, and have no service worker. */
const INSIDE = /Zalo|FBAN|FBAV|FB_IAB|Instagram|Line\//

export type Lack = 'inside' | 'no-storage'

export async function lackOf(agent: string): Promise<Lack | undefined> {
  if (INSIDE.test(agent)) return 'inside'
  return (await keeps()) ? undefined : 'no-storage'
}

function keeps(): Promise<boolean> {
  return new Promise((told) => {
    try {
      const trial = indexedDB.open('rasoat-trial')
      trial.onerror = () => told(false)
      trial.onsuccess = () => {
        trial.result.close()
        indexedDB.deleteDatabase('rasoat-trial')
        told(navigator.locks !== undefined && crypto.subtle !== undefined)
      }
    } catch {
      told(false)
    }
  })
}
