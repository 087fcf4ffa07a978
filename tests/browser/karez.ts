// Starts the real karez over a fresh demo store, for all tests; they find it at KAREZ_URL. At KAREZ_GUARDED_URL one over a copy
// of the store asks people to sign in.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Of the accounts that `karez demo --accounts` makes. */
export const DEMO_PASSWORD = 'karez-demo-2024'
export const BINARY = process.env.KAREZ_BINARY ?? join(import.meta.dirname, '../../target/debug/karez')
const READY_MS = 60_000
/** The demonstration ends in the past, and every day since is evaluated. */
const CAUGHT_UP_MS = 300_000
const DAY_MS = 86_400_000

/** Who signs in during the tests; the password is the second one of each. */
export const PASSWORD = 'seven clear springs'
export const PEOPLE = {
  finance: ['--role', 'finance'],
  supervisor: ['--role', 'supervisor'],
  auditor: ['--role', 'auditor'],
  unit: ['--role', 'unit', '--unit', 'DEMO65040020240005'],
  locked: ['--role', 'auditor'],
  newcomer: ['--role', 'auditor'],
} as const
export type Person = keyof typeof PEOPLE

export default async function start(): Promise<(() => void) | void> {
  if (process.env.KAREZ_URL) return
  const folder = mkdtempSync(join(tmpdir(), 'karez-browser-'))
  const [open, guarded] = [join(folder, 'open'), join(folder, 'guarded')]
  run('demo', '--accounts', '--data', guarded)
  cpSync(guarded, open, { recursive: true })
  writeFileSync(join(open, 'karez.toml'), '[gateway]\nauthentication = "none"\n')
  const first = Object.entries(PEOPLE).map(([name, role]) => [name, passwordIn(run('user', 'add', name, ...role, '--data', guarded))] as const)
  const running = [serve(open), serve(guarded)]
  process.env.KAREZ_URL = await addressOf(running[0]!)
  process.env.KAREZ_GUARDED_URL = await addressOf(running[1]!)
  await ready(process.env.KAREZ_URL)
  await ready(process.env.KAREZ_GUARDED_URL)
  for (const [name, password] of first) {
    if (name === 'newcomer') process.env.KAREZ_FIRST_PASSWORD = password
    else await settle(name, password)
  }
  await caughtUp(process.env.KAREZ_URL, '')
  await caughtUp(process.env.KAREZ_GUARDED_URL, await signedIn('demo-admin', DEMO_PASSWORD))
  return () => {
    for (const each of running) each.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

function run(...words: string[]): string {
  const ended = spawnSync(BINARY, [...words, '--lang', 'en'], { encoding: 'utf8' })
  if (ended.status !== 0) throw new Error(`karez ${words[0]} failed: ${ended.stderr || String(ended.error)}`)
  return ended.stdout
}

/** Serves a store on a free port. */
export function serve(data: string): ChildProcess {
  return spawn(BINARY, ['serve', '--data', data, '--listen', '127.0.0.1:0'])
}

function passwordIn(said: string): string {
  const found = /first password of \S+: (\S+)/.exec(said)
  if (!found) throw new Error(`no first password in: ${said}`)
  return found[1]!
}

/** Changes somebody's first password for the one of the tests. */
async function settle(name: string, password: string): Promise<void> {
  const changed = await post('/v1/session/password', { password, new_password: PASSWORD }, await signedIn(name, password))
  if (!changed.ok) throw new Error(`${name} could not change the first password: ${await changed.text()}`)
}

/** The cookie of somebody who has signed in. */
async function signedIn(name: string, password: string): Promise<string> {
  const entered = await post('/v1/session', { name, password })
  return entered.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ')
}

function post(path: string, body: object, cookie = ''): Promise<Response> {
  return fetch(`${process.env.KAREZ_GUARDED_URL}${path}`, { method: 'POST', headers: { 'content-type': 'application/json', 'x-karez-request': '1', cookie }, body: JSON.stringify(body) })
}

/** Waits until the rules have run for every day but the last, whose run may not be due: warnings would come and go under a test. */
async function caughtUp(url: string, cookie: string): Promise<void> {
  const until = Date.now() + CAUGHT_UP_MS
  while (Date.now() < until) {
    const { last_day_evaluated } = (await (await fetch(`${url}/v1/system`, { headers: { cookie } })).json()) as { last_day_evaluated?: string }
    if (last_day_evaluated && Date.parse(last_day_evaluated) >= Date.now() - 2.5 * DAY_MS) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${url} did not evaluate every day until now`)
}

/** The address that the service prints. */
export function addressOf(serving: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const listen = (chunk: Buffer) => {
      said += chunk.toString()
      const found = /127\.0\.0\.1:(\d+)/.exec(said)
      if (found) resolve(`http://${found[0]}`)
    }
    serving.stdout?.on('data', listen)
    serving.stderr?.on('data', listen)
    serving.on('exit', (code) => reject(new Error(`karez serve ended with ${code}: ${said}`)))
  })
}

export async function ready(url: string): Promise<void> {
  const until = Date.now() + READY_MS
  while (Date.now() < until) {
    const answered = await fetch(`${url}/readyz`).catch(() => undefined)
    if (answered?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${url}/readyz did not become ready`)
}
