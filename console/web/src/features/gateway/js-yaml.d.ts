// js-yaml brings no types; what is used of it.
declare module 'js-yaml' {
  export class YAMLException extends Error {
    reason: string
    mark: { line: number }
  }
  export const CORE_SCHEMA: unknown
  export function load(text: string, options?: { schema?: unknown }): unknown
  export function dump(value: unknown, options?: { lineWidth?: number; noRefs?: boolean; quotingType?: string }): string
}
