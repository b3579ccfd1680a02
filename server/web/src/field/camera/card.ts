// The QR code of a chip card (căn cước), as far as a survey needs it: number, name, birth, sex. Everything else that the
// code says (address, day of issue, the old number) is dropped here and kept nowhere.
//
// Layout: `number|old number or nothing|full name|birth ddmmyyyy|Nam or Nữ|address|issued ddmmyyyy`, newer cards with more
// behind it. Whoever prints a QR code can write anything into it, so each part is looked at by itself and the twelve digits
// are what makes it a card.

/** What is taken of a card; what is not readable is left out. */
export interface Card {
  number: string
  name?: string
  /** As documents hold days: `1985-05-03`. */
  born?: string
  sex?: 'male' | 'female'
}

/** Longer than any card. */
const MOST_LENGTH = 1_000
const FIELDS = 7
const NUMBER = /^\d{12}$/
const NAME = /^[\p{L}\p{M}][\p{L}\p{M}'’.\- ]{0,79}$/u
const SEXES: Record<string, 'male' | 'female'> = { nam: 'male', nữ: 'female' }

export function cardIn(text: string): Card | undefined {
  if (text.length > MOST_LENGTH) return undefined
  const fields = text.normalize('NFC').split('|').map((field) => field.trim())
  const [number = '', , name = '', born = '', sex = ''] = fields
  if (fields.length < FIELDS || !NUMBER.test(number)) return undefined
  const card: Card = { number }
  const plain = name.replace(/\s+/g, ' ')
  if (NAME.test(plain)) card.name = plain
  const day = dayIn(born)
  if (day !== undefined) card.born = day
  const known = Object.hasOwn(SEXES, sex.toLowerCase()) ? SEXES[sex.toLowerCase()] : undefined
  if (known !== undefined) card.sex = known
  return card
}

/** A day of the calendar; nothing when there is none such. */
function dayIn(text: string): string | undefined {
  const [, day, month, year] = /^(\d{2})(\d{2})(\d{4})$/.exec(text) ?? []
  if (day === undefined || Number(year) < 1900) return undefined
  const iso = `${year}-${month}-${day}`
  const read = new Date(`${iso}T00:00:00Z`)
  return Number.isNaN(read.getTime()) || read.toISOString().slice(0, 10) !== iso ? undefined : iso
}
