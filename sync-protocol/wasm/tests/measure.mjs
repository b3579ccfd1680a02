// Measures the core as a browser runs it: plain Node, no packages.
//
//   cargo run --profile ci -p house-tests --example core_load -- DIR
//   node sync-protocol/wasm/tests/measure.mjs field_core.wasm DIR
//
// DIR holds the first load of 3,000 households, as a real server answered it. What a phone is slower by is the reader's to
// multiply: the figure is 4.
import { readFileSync } from 'node:fs';

const [wasm, directory] = process.argv.slice(2);
const bytes = readFileSync(wasm);
const seed = new Uint8Array(32).fill(7);
let wall_ms = Date.parse('2026-10-02T00:00:00Z');
const clocks = () => ({ wall_ms: (wall_ms += 1000), uptime_ms: 1000 });

function write(json, parts) {
  const head = new TextEncoder().encode(json);
  const size = 8 + head.length + parts.reduce((sum, part) => sum + 4 + part.length, 0);
  const message = new Uint8Array(size);
  const view = new DataView(message.buffer);
  let at = 0;
  const put = (block) => {
    view.setUint32(at, block.length, true);
    message.set(block, at + 4);
    at += 4 + block.length;
  };
  put(head);
  view.setUint32(at, parts.length, true);
  at += 4;
  parts.forEach(put);
  return message;
}

function read(message) {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let at = 0;
  const block = () => {
    const length = view.getUint32(at, true);
    at += 4 + length;
    return message.slice(at - length, at);
  };
  const json = JSON.parse(new TextDecoder().decode(block()));
  const count = view.getUint32(at, true);
  at += 4;
  return { json, parts: Array.from({ length: count }, block) };
}

class Core {
  constructor(module) {
    this.exports = new WebAssembly.Instance(module).exports;
  }
  call(command, parts = []) {
    const message = write(JSON.stringify(command), parts);
    const at = this.exports.core_alloc(message.length);
    new Uint8Array(this.exports.memory.buffer, at, message.length).set(message);
    const told = this.exports.core_call(at, message.length);
    const length = new DataView(this.exports.memory.buffer).getUint32(told, true);
    const reply = read(new Uint8Array(this.exports.memory.buffer, told + 4, length).slice());
    this.exports.core_free(told, length + 4);
    if (reply.json.fault) throw new Error(`${JSON.stringify(command).slice(0, 80)}: ${JSON.stringify(reply.json.fault)}`);
    return { ...reply.json.done, parts: reply.parts };
  }
  get megabytes() {
    return this.exports.memory.buffer.byteLength / 2 ** 20;
  }
}

const rows = [];
function timed(name, core, work, times = 1) {
  const start = performance.now();
  let result;
  for (let n = 0; n < times; n++) result = work(n);
  const took = (performance.now() - start) / times;
  rows.push({ step: name, ms: +took.toFixed(took < 10 ? 2 : 0), 'memory MB': +core().megabytes.toFixed(1) });
  return result;
}
const concat = (parts) => Uint8Array.from(Buffer.concat(parts));

const { json: opening, parts: answers } = read(Uint8Array.from(readFileSync(`${directory}/answers`)));
const { parts: disk } = read(Uint8Array.from(readFileSync(`${directory}/open`)));
const [secret] = disk;
const nothing = new Uint8Array();

const module = (() => {
  const start = performance.now();
  const compiled = new WebAssembly.Module(bytes);
  rows.push({ step: 'compile the module', ms: +(performance.now() - start).toFixed(0) });
  return compiled;
})();

let core;
timed('make an instance', () => core, () => (core = new Core(module)));
timed('open a device that holds nothing (loads the standards)', () => core, () => core.call(opening, [secret, nothing]));
const written = [];
timed(`first load: ${answers.length} answers taken`, () => core, () => {
  for (const answer of answers) {
    core.call({ request: { clocks: clocks() } });
    written.push(core.call({ answer: { clocks: clocks() } }, [answer]).parts[0]);
    core.call({ came_through: { took_ms: 200 } });
  }
});
const records = concat(written);
const list = timed('list, made for the first time', () => core, () => core.call('list'));
timed('list, again', () => core, () => core.call('list'), 5);
const snapshot = timed('snapshot', () => core, () => core.call('snapshot').parts[0]);

timed('cold: open from all records', () => core, () => (core = new Core(module)).call(opening, [secret, nothing, records]));
timed('cold: open from the snapshot', () => core, () => (core = new Core(module)).call(opening, [secret, snapshot]));
timed('… and the list', () => core, () => core.call('list'));

const ids = list.rows.map((row) => row[0]);
const some = (n) => ids[(n * 37) % ids.length];
const scoring = { area: 'rural', b1: 'paper', as_of: '2026-10-01' };
timed('one household', () => core, (n) => core.call({ show: { household: some(n), view: 'mine' } }), 200);
timed('one household, classified', () => core, (n) => core.call({ show: { household: some(n), view: 'mine', scoring } }), 200);
timed('classify', () => core, (n) => core.call({ classify: { household: some(n), view: 'mine', scoring } }), 200);
timed('find', () => core, () => core.call({ find: { typed: 'ngu' } }), 20);
timed('commit a section', () => core, (n) => {
  const edits = [['tv', n % 2 === 0], ['radio', true], ['telephone', false]].map(([key, value]) => [some(n), `answers/${key}`, value]);
  const done = core.call({ edit: { edits, clocks: clocks() } }, [seed]);
  if (done.faults.length > 0) throw new Error(JSON.stringify(done.faults));
}, 200);
timed('list after 200 edits', () => core, () => core.call('list'));
timed('request with 200 edits', () => core, () => core.call({ request: { clocks: clocks() } }));

console.table(rows);
console.log(`${ids.length} households; records ${records.length} bytes, snapshot ${snapshot.length} bytes, list ${JSON.stringify(list.rows).length} bytes`);
