import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// What takes longest comes first, so that nothing long is left when all else is done.
const long = ['pages-zh', 'pages-en', 'journey', 'work', 'self', 'gateway']
const place = (spec: TestSpecification) => (long.findIndex((name) => spec.moduleId.endsWith(`/${name}.test.ts`)) + 1 || long.length + 1)

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    return Promise.resolve(files.toSorted((a, b) => place(a) - place(b) || a.moduleId.localeCompare(b.moduleId)))
  }
}

// The pages in Debian's Chromium, before one demonstration of the whole platform. Two
// files at a time, each with its browser: much of what they do is waiting.
export default defineConfig({
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  test: {
    include: ['tests/browser/**/*.test.ts'],
    globalSetup: ['tests/browser/demo.ts'],
    setupFiles: ['tests/browser/failed.ts'],
    environment: 'node',
    maxWorkers: 2,
    testTimeout: 90_000,
    // A browser on two busy cores may miss a step; what fails twice has failed.
    retry: 1,
    hookTimeout: 90_000,
    sequence: { concurrent: false, sequencer: LongestFirst },
  },
})
