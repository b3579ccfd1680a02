// A file as text. Chrome hands only a few kinds of files to other apps, and text is one of them; what a phone saves by itself
// stays binary, as the phone without a screen writes and reads it.

const HEAD = 'RASOAT 1\n'
/** Bytes that are turned into characters at once: more would be too many arguments for a call. */
const AT_ONCE = 0x8000

export function toText(bytes: Uint8Array): string {
  let characters = ''
  for (let at = 0; at < bytes.length; at += AT_ONCE) characters += String.fromCharCode(...bytes.subarray(at, at + AT_ONCE))
  return HEAD + btoa(characters)
}

/** What was made into a file, whichever way it came. */
export function bytesIn(file: Uint8Array): Uint8Array {
  const head = new TextDecoder('latin1').decode(file.subarray(0, HEAD.length))
  if (head !== HEAD) return file
  try {
    return Uint8Array.from(atob(new TextDecoder('latin1').decode(file.subarray(HEAD.length)).trim()), (character) => character.charCodeAt(0))
  } catch {
    // Cut or altered on its way: whoever reads the bytes says so.
    return file
  }
}
