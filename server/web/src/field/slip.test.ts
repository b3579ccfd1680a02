import { describe, expect, it } from 'vitest'
import { slipScanned } from './slip'

const ORIGIN = 'https://ra-soat.example.vn'
const KEY = 'ab'.repeat(32)

describe('a code that was scanned', () => {
  it('is no slip when anything of it is otherwise', () => {
    const codes = ['', '7K2M-0QXZ-B4T9', `#ghi-danh=7K2M-0QXZ-B4T9.${KEY}`, `${ORIGIN}/#ghi-danh=7K2M-0QXZ-B4T9`, `${ORIGIN}/#ghi-danh=7K2M-0QXZ-B4T9.${KEY}0`, `${ORIGIN}/?ghi-danh=7K2M-0QXZ-B4T9.${KEY}`, 'javascript:alert(1)', '002085000123||Lý A Sùng|29021988|Nam|x|y']
    for (const code of codes) expect(slipScanned(code, ORIGIN), code).toEqual({ is: 'none' })
  })

  it('of another server is named by its host', () => {
    for (const other of ['https://ra-soat.example.org', 'http://ra-soat.example.vn', 'https://ra-soat.example.vn:8443', 'https://ra-soat.example.vn@evil.example']) {
      expect(slipScanned(`${other}/#ghi-danh=7K2M-0QXZ-B4T9.${KEY}`, ORIGIN), other).toEqual({ is: 'foreign', host: new URL(other).host })
    }
  })

  it('of this server lets in', () => {
    expect(slipScanned(`${ORIGIN}/#ghi-danh=7K2M-0QXZ-B4T9.${KEY}`, ORIGIN)).toEqual({ is: 'slip', slip: { code: '7K2M-0QXZ-B4T9', serverKey: KEY } })
  })
})
