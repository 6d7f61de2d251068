import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

const program = resolve(import.meta.dirname, '../../../../bin/onecert')

export interface Made {
  codes: Record<'system' | 'security' | 'audit', string>
  authorities: { subject: string; fingerprint: string }[]
}

// Fresh is a CA and a key management centre at their first start: nobody is known there
// but by the one-time codes that init has printed.
export class Fresh {
  readonly dir = mkdtempSync(join(tmpdir(), 'onecert-first-'))
  private readonly running: ChildProcess[] = []

  path(...parts: string[]) {
    return join(this.dir, ...parts)
  }

  init(component: 'ca' | 'kmc', ...words: string[]): Made {
    const given = ['--dir', this.path(component), '--host', '127.0.0.1', '--listen', '127.0.0.1:0', '--console', '127.0.0.1:0', '--json']
    return JSON.parse(execFileSync(program, [component, 'init', ...given, ...words], { encoding: 'utf8', stdio: 'pipe' })) as Made
  }

  // serve starts a component and returns where its console is.
  async serve(component: 'ca' | 'kmc'): Promise<string> {
    const child = spawn(program, ['--lang', 'en', component, 'serve', '--config', this.path(component, component + '.yaml')], { stdio: ['ignore', 'pipe', 'ignore'] })
    this.running.push(child)
    for await (const line of createInterface(child.stdout)) {
      const at = / console listens at (\S+)/.exec(line)
      if (at) return 'https://' + at[1]
    }
    throw new Error(`onecert ${component} serve ended with ${child.exitCode}`)
  }

  // smallPool has a centre make few keys ahead: two cores are few.
  smallPool() {
    const file = this.path('kmc', 'kmc.yaml')
    writeFileSync(file, readFileSync(file, 'utf8') + 'pool:\n    p256: {target: 2, low: 1}\n')
  }

  async end() {
    for (const child of this.running) {
      child.kill('SIGINT')
      if (child.exitCode === null) await new Promise((done) => child.once('exit', done))
    }
    rmSync(this.dir, { recursive: true, force: true })
  }
}
