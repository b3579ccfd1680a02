import { describe, expect, it } from 'vitest'
import { cardIn } from './card'

const CARD = '002085000123|085000123|Giàng Thị Páo|03051985|Nữ|Thôn Nà Bình, Quang Bình, Tuyên Quang|01072021'

describe('what is no card', () => {
  it('is refused, whatever stands in it', () => {
    const none = ['', '|', '||||||', 'https://example.org/#ghi-danh=7K2M', '002085000123', 'x'.repeat(100_000), `${CARD}${'|'.repeat(1_000)}`]
    for (const text of none) expect(cardIn(text), text.slice(0, 40)).toBe(undefined)
  })

  it('is one whose number is no twelve digits', () => {
    for (const number of ['', '00208500012', '0020850001234', '00208500012x', '٠٠٢٠٨٥٠٠٠١٢٣', '-02085000123', '002085 00123', '085000123']) {
      expect(cardIn(CARD.replace('002085000123', number)), number).toBe(undefined)
    }
  })

  it('is a card cut before its last part', () => {
    for (let end = 0; end <= CARD.lastIndexOf('|'); end += 1) expect(cardIn(CARD.slice(0, end)), CARD.slice(0, end)).toBe(undefined)
  })
})

describe('a card', () => {
  it('gives number, name, birth and sex, and nothing else of it', () => {
    expect(cardIn(CARD)).toEqual({ number: '002085000123', name: 'Giàng Thị Páo', born: '1985-05-03', sex: 'female' })
  })

  it('may lack the old number and have more behind', () => {
    expect(cardIn('002085000123||Lý A Sùng|29021988|Nam|Tân Trịnh|01072024||Lý A Chu|Sùng Thị Mai')).toEqual({ number: '002085000123', name: 'Lý A Sùng', born: '1988-02-29', sex: 'male' })
  })

  it('is composed as documents are, and its spaces are single', () => {
    expect(cardIn(CARD.replace('Giàng Thị Páo', '  Giàng   Thị Páo '.normalize('NFD')))?.name).toBe('Giàng Thị Páo')
  })

  it('keeps its number where the other parts are not what they should be', () => {
    const hostile = ['<b>Páo</b>', 'Páo\u0000', 'Pá\nđo;--', '=HYPERLINK("x")', '\u202eoáP', '7', 'a'.repeat(81), '']
    for (const name of hostile) {
      const card = cardIn(`002085000123||${name}|00000000|constructor|x|y`)
      expect(card, name).toEqual({ number: '002085000123' })
    }
  })

  it('has no birth on a day that the calendar has not', () => {
    for (const born of ['31021985', '00001985', '29021985', '01131985', '01011899', '1051985', '19850503x', '٠٣٠٥١٩٨٥']) {
      expect(cardIn(CARD.replace('03051985', born))?.born, born).toBe(undefined)
    }
  })
})
