import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// The pages in Debian's Chromium, before a demonstration of the whole platform. One
// browser and one demonstration serve all files, one after another: two cores are few.
export default defineConfig({
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  test: {
    include: ['tests/browser/**/*.test.ts'],
    globalSetup: ['tests/browser/demo.ts'],
    environment: 'node',
    fileParallelism: false,
    testTimeout: 90_000,
    // A browser on two busy cores may miss a step; what fails twice has failed.
    retry: 1,
    hookTimeout: 90_000,
    sequence: { concurrent: false },
  },
})
