import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    demo: string // the folder of the running demonstration
  }
}

const program = resolve(import.meta.dirname, '../../../../bin/onecert')

// ONECERT_DEMO names the folder of a demonstration that runs already, for work on a
// test; else one is started here and thrown away afterwards.
export default async function setup(project: TestProject) {
  const running = process.env.ONECERT_DEMO
  if (running) {
    project.provide('demo', running)
    return
  }
  const dir = mkdtempSync(join(tmpdir(), 'onecert-console-'))
  const demo = spawn(program, ['demo', '--dir', dir, '--quiet'], { stdio: ['ignore', 'inherit', 'inherit'] })
  await ready(demo, join(dir, 'demo.json'))
  project.provide('demo', dir)
  return async () => {
    demo.kill('SIGINT')
    await new Promise((done) => (demo.exitCode === null ? demo.once('exit', done) : done(undefined)))
    rmSync(dir, { recursive: true, force: true })
  }
}

async function ready(demo: ChildProcess, file: string) {
  for (let waited = 0; waited < 90_000; waited += 100) {
    if (existsSync(file) && readFileSync(file, 'utf8').trimEnd().endsWith('}')) return
    if (demo.exitCode !== null) throw new Error(`onecert demo ended with ${demo.exitCode}`)
    await new Promise((go) => setTimeout(go, 100))
  }
  throw new Error('onecert demo did not come up within 90 seconds')
}
