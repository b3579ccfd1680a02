// The Worker's door: what screens may ask of the phone. Errors are told as values; an exception loses its words between
// threads.

import { expose } from 'comlink'
import { today } from '../shared/day'
import type { Told } from '../shared/fault'
import coreUrl from '../generated/core.wasm?url'
import { Phone, told } from './phone'
import type { Scope } from '../shared/phone'
import { Practice } from './practice'
import type { Relay } from './relay'

async function answered<T>(work: Promise<T>): Promise<Told<T>> {
  try {
    return { ok: await work }
  } catch (error) {
    return { fault: told(error) }
  }
}

const module = WebAssembly.compileStreaming(fetch(coreUrl))
const own = new Phone(module)
/** While somebody practises, everything goes to this phone. */
let practice: Phone | undefined

function at(): Phone {
  return practice ?? own
}

const door = {
  people: () => answered(own.people()),
  enrol: (enrolment: Parameters<Phone['enrol']>[0]) => answered(own.enrol(enrolment)),
  unlock: (id: string, pin: string) => answered(own.unlock(id, pin)),
  opening: (step: Parameters<Phone['opening']>[0], id: string) => answered(own.opening(step, id)),
  openAgain: (id: string, pin: string) => answered(own.openAgain(id, pin)),
  lock: () => own.lock(),
  remove: () => answered(own.remove()),
  practise: (begins: boolean) => {
    practice = begins ? new Phone(module, new Practice(today())) : undefined
  },
  read: (command: unknown) => answered(at().read(command)),
  write: (field: string, given: object) => answered(at().write(field, given)),
  result: (household: string) => answered(at().result(household)),
  writers: (isMissed: boolean) => answered(at().writers(isMissed)),
  attach: (household: string, file: Blob) => answered(at().attach(household, file)),
  photo: (hash: string) => answered(at().photo(hash)),
  sendPhotos: (told: Parameters<Phone['sendPhotos']>[0]) => answered(at().sendPhotos(told)),
  photosWaiting: () => answered(at().photosWaiting()),
  villages: () => answered(at().villages()),
  keepDraft: (name: string, draft: unknown) => answered(at().keepDraft(name, draft)),
  drafts: () => answered(at().drafts()),
  dropDraft: (name: string) => answered(at().dropDraft(name)),
  sync: (told: Parameters<Phone['sync']>[0]) => answered(at().sync(told)),
  stop: () => at().stop(),
  exchangedAt: () => answered(at().exchangedAt()),
  pack: (what: Parameters<Relay['pack']>[0]) => answered(at().relay.pack(what)),
  share: (scope: Scope) => answered(at().relay.share(scope)),
  takeIn: (file: Uint8Array) => answered(at().relay.takeIn(file)),
  carried: () => answered(at().relay.carried()),
  bring: () => answered(at().relay.bring()),
  handBack: (parcel: string) => answered(at().relay.handBack(parcel)),
  letGo: (parcel: string) => answered(at().relay.letGo(parcel)),
}

export type Door = typeof door

expose(door)
