import { defineConfig } from '@hey-api/openapi-ts'

// One typed client for each API, made from the descriptions that are made from the Go
// types: a page cannot drift from its API.
const places = ['ca', 'kmc', 'ra', 'gateway', 'self', 'console']

export default defineConfig(
  places.map((place) => ({
    input: `../../api/${place}.json`,
    output: { path: `src/client/${place}` },
    logs: { level: 'warn' as const },
    plugins: ['@hey-api/typescript', '@hey-api/sdk', { name: '@hey-api/client-fetch' as const, baseUrl: `/api/${place}` }],
  })),
)
