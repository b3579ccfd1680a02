// Values as people type and read them: decimals with a comma, dates as day/month/year.

import type { Form, Kind, Question, Value } from '../shared/form'
import type { Class } from '../shared/phone'
import { type Language, type Texts, texts } from './words'

/** What a number shows: `405` with one decimal is `40,5`. */
export function numberText(value: number, decimals: number): string {
  const digits = String(Math.abs(value)).padStart(decimals + 1, '0')
  const [whole, rest] = [digits.slice(0, digits.length - decimals), digits.slice(digits.length - decimals)]
  return `${value < 0 ? '-' : ''}${whole}${rest.replace(/0+$/, '') === '' ? '' : `,${rest.replace(/0+$/, '')}`}`
}

/** What was typed as a number, in units of 10^-decimals; nothing when it is none. Dots group thousands, or stand for the comma. */
export function numberIn(text: string, decimals: number): number | undefined {
  const plain = text.replace(/\s/g, '')
  const dotted = plain.includes(',') || /^-?\d{1,3}(\.\d{3})+$/.test(plain) ? plain.replaceAll('.', '').replace(',', '.') : plain
  const [, sign, whole, rest = ''] = /^(-?)(\d{1,12})(?:\.(\d*))?$/.exec(dotted) ?? []
  if (whole === undefined || rest.length > decimals) return undefined
  const value = Number(whole + rest.padEnd(decimals, '0'))
  return sign === '-' ? -value : value
}

export interface DateParts {
  day: string
  month: string
  year: string
}

export function dateParts(value: string): DateParts {
  const [year = '', month = '', day = ''] = value.split('-')
  return { day: day.replace(/^0/, ''), month: month.replace(/^0/, ''), year }
}

/** A year, a month or a day, as it is stored; nothing while it is half typed. */
export function dateIn({ day, month, year }: DateParts): string | undefined {
  const [d, m] = [day.trim(), month.trim()]
  if (!/^\d{4}$/.test(year.trim()) || (d !== '' && m === '')) return undefined
  const padded = [m, d].filter((part) => part !== '').map((part) => part.padStart(2, '0'))
  return [year.trim(), ...padded].join('-')
}

/** An answer in words. */
export function shown(question: Question, value: Value, language: Language): string {
  const kind: Kind = question.kind
  switch (kind.kind) {
    case 'bool':
      return value === true ? texts[language].yes : texts[language].no
    case 'number':
      return `${numberText(value as number, kind.decimals)} ${kind.unit}`.trim()
    case 'choice':
      return kind.choices.find((choice) => choice.code === value)?.[language] ?? String(value)
    case 'date': {
      const { day, month, year } = dateParts(String(value))
      return [day, month, year].filter((part) => part !== '').join('/')
    }
    case 'point':
      return String(value).split(',').slice(0, 2).join(', ')
    default:
      return String(value)
  }
}

/** Classes in words; none of them, or all, say that nothing is decided. */
export function classNames(classes: Class[], text: Texts): string {
  if (classes.length === 0) return text.classes.any
  return classes.map((name) => text.classes[name]).join(` ${text.or} `)
}

/** The question that a path of edits is about, and whose answer it is. */
export function placeIn(form: Form, path: string): { question: Question | undefined; member: string | undefined } {
  const [kind, first, second] = path.split('/', 3)
  const [scope, key] = kind === 'members' ? (['member', second] as const) : kind === 'visits' ? (['visit', second] as const) : (['household', first] as const)
  const question = form.questions.find((question) => question.scope === scope && question.key === key)
  return { question, member: kind === 'members' ? first : undefined }
}
