// The service worker: the app opens without network, and an update waits until nobody is in a form.
//
// Owns the copies of the app's own files and plays the recordings that the page keeps, nothing else: what the server is asked
// goes through untouched and is kept nowhere.

const worker = self as unknown as ServiceWorkerGlobalScope

/** The files that the app is, and a name that changes with any byte of any of them; written in by the build. */
const SHELL = JSON.parse('__SHELL__') as { name: string; paths: string[] }
const PREFIX = 'rasoat-shell-'
const CACHE = PREFIX + SHELL.name
/** Questions read aloud, kept by the page. */
const RECORDINGS = 'rasoat-recordings'

worker.addEventListener('install', (event) => event.waitUntil(keep()))

worker.addEventListener('activate', (event) => event.waitUntil(dropOthers().then(() => worker.clients.claim())))

worker.addEventListener('message', (event: ExtendableMessageEvent) => {
  // The page asks for the update once nobody is in a form.
  if (event.data === 'take over') event.waitUntil(worker.skipWaiting())
})

worker.addEventListener('fetch', (event) => {
  const { pathname, origin } = new URL(event.request.url)
  const isShell = event.request.method === 'GET' && origin === worker.location.origin && SHELL.paths.includes(pathname)
  if (isShell) event.respondWith(kept(event.request, pathname))
  else if (origin === worker.location.origin && pathname.startsWith('/recordings/')) event.respondWith(heard(pathname))
})

/** All files or none: a half of the app would not open without network. */
async function keep(): Promise<void> {
  const cache = await caches.open(CACHE)
  await cache.addAll(SHELL.paths.map((path) => new Request(path, { cache: 'no-cache' })))
}

async function dropOthers(): Promise<void> {
  const names = await caches.keys()
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE)
  await Promise.all(old.map((name) => caches.delete(name)))
}

/** A recording, whole: players ask for parts, and what is kept has none. */
async function heard(path: string): Promise<Response> {
  const cache = await caches.open(RECORDINGS)
  return (await cache.match(path)) ?? fetch(path)
}

async function kept(request: Request, path: string): Promise<Response> {
  const cache = await caches.open(CACHE)
  return (await cache.match(path)) ?? fetch(request)
}
