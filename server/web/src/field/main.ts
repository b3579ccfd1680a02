// The field app begins: styles, the Worker, the first screen, and the service worker that keeps the app for tomorrow.

import { mount } from 'svelte'
import '../shared/theme.css'
import { App } from './app.svelte'
import Root from './Root.svelte'
import { slipIn } from './slip'
import { keepForTomorrow } from './update.svelte'

const worker = new Worker(new URL('../worker/worker.ts', import.meta.url), { type: 'module', name: 'phone' })
const app = new App(worker)
const slip = slipIn(location.hash)
// What the slip says is used once; it has no place in the history of the browser.
if (slip !== undefined) history.replaceState(null, '', '/')

const target = document.getElementById('app')
if (target !== null) mount(Root, { target, props: { app, slip } })
if (import.meta.env.PROD) void keepForTomorrow()
