// Starts the real karez over a fresh demo store, for all tests; they find it at KAREZ_URL.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const BINARY = process.env.KAREZ_BINARY ?? join(import.meta.dirname, '../../target/debug/karez')
const READY_MS = 60_000

export default async function start(): Promise<(() => void) | void> {
  if (process.env.KAREZ_URL) return
  const folder = mkdtempSync(join(tmpdir(), 'karez-browser-'))
  const filled = spawnSync(BINARY, ['demo', '--data', join(folder, 'demo')], { encoding: 'utf8' })
  if (filled.status !== 0) throw new Error(`karez demo failed: ${filled.stderr || String(filled.error)}`)
  const serving = spawn(BINARY, ['serve', '--data', join(folder, 'demo'), '--listen', '127.0.0.1:0'])
  process.env.KAREZ_URL = await addressOf(serving)
  await ready(process.env.KAREZ_URL)
  return () => {
    serving.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The address that the service prints. */
function addressOf(serving: ChildProcess): Promise<string> {
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

async function ready(url: string): Promise<void> {
  const until = Date.now() + READY_MS
  while (Date.now() < until) {
    const answered = await fetch(`${url}/readyz`).catch(() => undefined)
    if (answered?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${url}/readyz did not become ready`)
}
