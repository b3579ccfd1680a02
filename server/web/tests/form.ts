// Filling in a form as an enumerator would: whatever the screen asks, until it asks nothing more.

import type { Page } from 'playwright-core'

/** What is said to a question, by its label; the first choice, a small number or a year where nothing is. */
export type Said = Record<string, string>

/** Most questions of one section: what goes on beyond that never ends. */
const MOST = 60

/** Answers everything that the section on the screen asks and that has no answer yet. */
export async function answerSection(page: Page, said: Said): Promise<void> {
  await page.locator('.end').waitFor()
  for (let asked = 0; asked < MOST; asked += 1) {
    if (!(await answerNext(page, said))) return
  }
  throw new Error('the section never ends')
}

/** Answers the first question without an answer; whether there was one. */
async function answerNext(page: Page, said: Said): Promise<boolean> {
  for (const field of await page.locator('main > fieldset, main > .field').all()) {
    const label = ((await field.locator('legend, label').first().textContent()) ?? '').trim()
    if (await answer(field, label, said)) return true
  }
  return false
}

type Field = ReturnType<Page['locator']>

async function answer(field: Field, label: string, said: Said): Promise<boolean> {
  const wanted = said[label]
  if ((await field.getByRole('radio').count()) > 0) return choose(field, wanted)
  if ((await field.locator('.date').count()) > 0) return type(field.getByLabel('Năm', { exact: true }), wanted ?? '1980')
  if ((await field.locator('select').count()) > 0) return pick(field, wanted)
  // Places and photos are taken where a test says so.
  if ((await field.locator('input[type=file], input[type=checkbox]').count()) > 0) return false
  return type(field.locator('input'), wanted ?? '2')
}

async function choose(field: Field, wanted: string | undefined): Promise<boolean> {
  if ((await field.locator('input:checked').count()) > 0) return false
  const choice = wanted === undefined ? field.getByRole('radio').first() : field.getByRole('radio', { name: wanted, exact: true })
  await choice.check()
  // It is kept before the next question is drawn.
  await field.getByRole('button', { name: 'Bỏ câu trả lời' }).waitFor()
  return true
}

async function pick(field: Field, wanted: string | undefined): Promise<boolean> {
  const select = field.locator('select')
  if ((await select.inputValue()) !== '') return false
  await select.selectOption(wanted === undefined ? { index: 1 } : { label: wanted })
  return true
}

async function type(input: Field, wanted: string): Promise<boolean> {
  if ((await input.inputValue()) !== '') return false
  await input.fill(wanted)
  await input.blur()
  return true
}
