// The Worker's door: what screens may ask of the phone. Errors are told as values; an exception loses its words between
// threads.

import { expose } from 'comlink'
import type { Told } from '../shared/fault'
import coreUrl from '../generated/core.wasm?url'
import { Phone, told } from './phone'

async function answered<T>(work: Promise<T>): Promise<Told<T>> {
  try {
    return { ok: await work }
  } catch (error) {
    return { fault: told(error) }
  }
}

const phone = new Phone(WebAssembly.compileStreaming(fetch(coreUrl)))

const door = {
  people: () => answered(phone.people()),
  enrol: (enrolment: Parameters<Phone['enrol']>[0]) => answered(phone.enrol(enrolment)),
  unlock: (id: string, pin: string) => answered(phone.unlock(id, pin)),
  opening: (step: Parameters<Phone['opening']>[0], id: string) => answered(phone.opening(step, id)),
  openAgain: (id: string, pin: string) => answered(phone.openAgain(id, pin)),
  lock: () => phone.lock(),
  read: (command: unknown) => answered(phone.read(command)),
  write: (field: string, given: object) => answered(phone.write(field, given)),
  attach: (household: string, file: Blob) => answered(phone.attach(household, file)),
  photo: (hash: string) => answered(phone.photo(hash)),
  sendPhotos: () => answered(phone.sendPhotos()),
  villages: () => answered(phone.villages()),
  keepDraft: (draft: unknown) => answered(phone.keepDraft(draft)),
  draft: () => answered(phone.draft()),
  dropDraft: () => answered(phone.dropDraft()),
  sync: (turned: Parameters<Phone['sync']>[0]) => answered(phone.sync(turned)),
}

export type Door = typeof door

expose(door)
