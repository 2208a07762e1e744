// Quire as a peer of the comparison harness: node bench.mjs --peer /path/to/quire.mjs --w W1
// The harness is the working directory; QUIRE names the server's program.
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { apply, compose, decode, encode, transform } from './op.mjs'
import { encode as message, Reader } from './wire.mjs'

const fromHarness = file => import(pathToFileURL(resolve(process.cwd(), file)).href)
const { wsOpen } = await fromHarness('lib/ws.mjs')
const { scan, stampText, startServer, freePort } = await fromHarness('lib/util.mjs')

const program = process.env.QUIRE ?? resolve(import.meta.dirname, '../../build/release/quire')
const HELLO = 1; const OPEN = 3; const EDIT = 5; const CURSOR = 6; const CREATE = 10
const WELCOME = 32; const ERROR = 34; const OPENED = 35; const EDITED = 36; const ACK = 37; const CATCHUP = 38; const PRESENCE = 40
const TEXT = 2
const WRITERS = 64

export const packages = []
export const durable = true
export const start = o => startServer([program, 'serve', '--listen', '127.0.0.1:' + o.port, '--data', o.dir + '/quire'], o)

/** One document of one client: protocol.md, section 6. */
class Client {
  constructor ({ port, doc, lazy, sink }) {
    Object.assign(this, { port, doc, lazy, sink, lost: 0, version: 0, seq: 0, client: null, key: null, epoch: null })
    this.shown = ''
    this.flight = null // { op, stamps, sent }
    this.buffer = null // { op, stamps }
    this.later = [] // a viewer's edits, not yet looked at
    this.live = false
  }

  connect () {
    return new Promise((resolve, reject) => {
      this.opened = resolve
      this.ws = wsOpen({
        port: this.port,
        path: '/ws',
        protocol: 'quire.v1',
        onMessage: frame => this.receive(frame),
        onClose: () => { this.live = false }
      })
      this.ws.ready.then(() => this.say(HELLO, null, 'Bench', '#2266cc', this.client, this.key, 'bench'), reject)
    })
  }

  say (...fields) { this.ws.send(message(fields)) }

  receive (frame) {
    if (this.lazy && this.live && frame[1] === EDITED) { scan(frame, s => this.sink.remote(this, s)); this.later.push(Buffer.from(frame)); return }
    for (const reader = new Reader(frame); !reader.done;) this.take(reader.value())
  }

  take ([kind, ...f]) {
    switch (kind) {
      case WELCOME:
        [this.client, , this.epochNow] = f
        this.key = Buffer.from(f[1])
        if (this.epoch === null) this.say(CREATE, 1, TEXT, this.doc, this.doc)
        this.say(OPEN, 2, 0, this.doc, this.epoch, this.epoch === null ? null : this.version, null)
        break
      case OPENED: this.takeOpened(f); break
      case EDITED: this.remote(f[1], f[3]); break
      case CATCHUP: this.remote(f[2], f[3]); break
      case ACK: this.acked(f[1], f[2]); break
      case PRESENCE:
        for (const m of f[4]) if (m[4] && m[0] !== this.member) { this.cursors = (this.cursors ?? 0) + 1; scan(Buffer.from(m[4]), s => this.sink.cursor(this, s)) }
        break
      case ERROR: this.refused(f); break
    }
  }

  takeOpened ([, , epoch, version, head, seq, snapshot, , , , member]) {
    Object.assign(this, { epoch, head, member })
    if (snapshot !== null) {
      if (this.flight || this.buffer) throw new Error('this client carries no edits over a snapshot')
      this.shown = apply('', decode(snapshot))
      this.version = version
      this.seq = seq
    }
    if (this.flight) this.flight.sent = false
    this.reached()
  }

  reached () {
    if (this.live || this.version < this.head) return
    this.live = true
    this.opened(this)
    this.pump()
  }

  pump () {
    if (!this.live) return
    if (!this.flight && this.buffer) { this.flight = this.buffer; this.buffer = null }
    if (!this.flight || this.flight.sent) return
    this.flight.sent = true
    this.say(EDIT, 0, this.seq + 1, this.version, encode(this.flight.op))
  }

  remote (version, bytes) {
    scan(bytes, s => this.sink.remote(this, s))
    let op = decode(bytes)
    this.version = version
    for (const mine of [this.flight, this.buffer]) {
      if (!mine) continue
      const over = op
      op = transform(op, mine.op, false)
      mine.op = transform(mine.op, over, true)
    }
    this.shown = apply(this.shown, op)
    this.reached()
  }

  acked (version, seq) {
    if (seq <= this.seq) return
    this.version = version
    this.seq = seq
    const { stamps } = this.flight
    this.flight = null
    for (const s of stamps) this.sink.ack(this, s, true)
    this.reached()
    this.pump()
  }

  refused ([ref, , code, , retry]) {
    if (code === 'exists') return
    if (this.flight && ref === this.seq + 1 && retry !== null) { setTimeout(() => { this.flight.sent = false; this.pump() }, retry); return }
    this.lost += this.flight?.stamps.length ?? 1
  }

  submit (pos, del, stamp) {
    const isStamp = typeof stamp === 'number'
    const op = []
    if (pos > 0) op.push(pos)
    op.push(isStamp ? stampText(stamp) : stamp)
    if (del > 0) op.push(-del)
    this.shown = apply(this.shown, op)
    this.buffer ??= { op: [], stamps: [] }
    this.buffer.op = compose(this.buffer.op, op)
    if (isStamp) this.buffer.stamps.push(stamp)
    this.pump()
  }

  cursor (pos, stamp) { this.say(CURSOR, 0, this.version, pos, pos, false, stampText(stamp)) }

  text () {
    const { sink } = this
    this.sink = { remote () {}, ack () {}, cursor () {} } // they were counted when they came
    for (const frame of this.later.splice(0)) for (const reader = new Reader(frame); !reader.done;) this.take(reader.value())
    this.sink = sink
    return this.shown
  }

  get length () { return this.shown.length }
  get idle () { return !this.flight && !this.buffer }
  offline () { this.ws.close(); this.live = false; if (this.flight) this.flight.sent = false }
  async online () { await this.connect() }
  close () { this.live = false; this.ws.close() }
}

export const connect = o => new Client(o).connect()

/** W5: the history goes through the server; the characters of a trace, dealt out to many writers in turn. */
export async function seed ({ dir, doc, trace }) {
  const port = await freePort()
  const server = await start({ dir, port, cpu: '0,1' })
  const sink = { remote () {}, ack () {}, cursor () {} }
  const writers = await Promise.all(Array.from({ length: WRITERS }, () => connect({ port, doc, sink })))
  const idle = writer => new Promise(resolve => { writer.sink = { ...sink, ack: resolve } })
  const free = [...writers]
  const busy = new Set()
  for (const { pos, del, ins } of trace) {
    if (!free.length) await Promise.race(busy)
    const writer = free.pop()
    const at = Math.min(pos, Math.max(0, writer.length - del))
    const done = idle(writer).then(() => { busy.delete(done); free.push(writer) })
    busy.add(done)
    const op = [...(at > 0 ? [at] : []), ...(ins ? [ins] : []), ...(del && writer.length ? [-del] : [])]
    writer.shown = apply(writer.shown, op)
    writer.buffer = { op, stamps: [0] }
    writer.pump()
  }
  await Promise.all(busy)
  const [last] = writers
  while (writers.some(w => !w.idle || w.version !== last.version)) await new Promise(resolve => setTimeout(resolve, 10))
  const text = last.text()
  writers.forEach(w => w.close())
  await server.stop('SIGTERM')
  return text
}
