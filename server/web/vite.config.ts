// How the apps are built: one page each, the Worker and its wasm core beside them, and a service worker that knows every
// file of the field app. What can be compressed is compressed here, once, as well as it can be.

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const OUT = 'dist/app'
/** What the service worker's source says instead of the list of files. */
const SHELL = '__SHELL__'
const COMPRESSIBLE = /\.(html|js|css|wasm|svg|webmanifest)$/

function filesBelow(directory: string): string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

/** Tells the service worker which files the app is, and under which name: the name changes with any byte of any of them. */
function listShell(): Plugin {
  return {
    name: 'rasoat-list-shell',
    apply: 'build',
    writeBundle() {
      const sw = join(OUT, 'sw.js')
      const files = filesBelow(OUT).filter((file) => file !== sw)
      const digest = createHash('sha256')
      for (const file of files.sort()) digest.update(file).update(readFileSync(file))
      const paths = files.map((file) => file.slice(OUT.length)).map((path) => (path === '/index.html' ? '/' : path))
      const shell = JSON.stringify({ name: digest.digest('hex').slice(0, 16), paths })
      const source = readFileSync(sw, 'utf8')
      if (!source.includes(SHELL)) throw new Error('the service worker does not ask for its files')
      writeFileSync(sw, source.replace(SHELL, () => shell))
    },
  }
}

/** Writes a Brotli and a gzip copy beside each file that becomes smaller by it. */
function compress(): Plugin {
  return {
    name: 'rasoat-compress',
    apply: 'build',
    closeBundle() {
      for (const file of filesBelow(OUT).filter((file) => COMPRESSIBLE.test(file))) {
        const bytes = readFileSync(file)
        const quality = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length }
        writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params: quality }))
        writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }))
      }
    },
  }
}

export default defineConfig({
  plugins: [svelte(), listShell(), compress()],
  worker: { format: 'es' },
  build: {
    outDir: OUT,
    // The oldest Chrome that the field app supports; the README says so.
    target: 'chrome106',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rollupOptions: {
      input: { field: 'index.html', sw: 'src/sw.ts' },
      output: { entryFileNames: (chunk) => (chunk.name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js') },
    },
  },
  test: { include: ['{src,tests,figures}/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 900_000, fileParallelism: false },
})
