// A store with as many projects as a province has, for the bench: KAREZ_BENCH_PROJECTS says how many.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addressOf, BINARY, ready, serve } from './karez.ts'

export const PROJECTS = Number(process.env.KAREZ_BENCH_PROJECTS ?? 100_000)
const UNITS = 2_000

function* facts(): Generator<string> {
  const fact = (project: number, key: string, type: string, on: string, data: object) =>
    `${JSON.stringify({ stream: `project/P${String(project).padStart(6, '0')}`, type, occurred_on: on, data, metadata: { idempotency_key: key } })}\n`
  for (let project = 0; project < PROJECTS; project += 1) {
    const unit = project % UNITS
    const amount = `${100_000 + project}.00`
    yield fact(project, '1', 'project_approved', '2024-01-10', { title: `项目${project}`, unit: `U${unit}`, unit_name: `单位${unit}` })
    yield fact(project, '2', 'budget_approved', '2024-01-11', { fiscal_year: 2024, lines: [{ category: '业务费', amount }] })
    yield fact(project, '3', 'funds_arrived', '2024-02-01', { amount })
    yield fact(project, '4', 'expenditure_recorded', `2024-0${(project % 9) + 1}-15`, { amount: `${project}.01`, category: '业务费' })
  }
}

export default async function start(): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'karez-bench-'))
  // Nobody judges them: the page is what is measured.
  writeFileSync(join(folder, 'karez.toml'), '[sentinel]\ndaily_at = ""\n')
  const posting = spawn(BINARY, ['post', '-', '--data', folder], { stdio: ['pipe', 'ignore', 'inherit'] })
  const ended = once(posting, 'exit')
  for (const line of facts()) if (!posting.stdin.write(line)) await once(posting.stdin, 'drain')
  posting.stdin.end()
  const [code] = await ended
  if (code !== 0) throw new Error(`karez post ended with ${code}`)
  const serving = serve(folder)
  process.env.KAREZ_URL = await addressOf(serving)
  await ready(process.env.KAREZ_URL)
  return () => {
    serving.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}
