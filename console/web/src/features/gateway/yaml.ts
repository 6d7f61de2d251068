import type { PolicyRules } from '@/client/gateway'

// The library that reads YAML is fetched when somebody edits a policy.
const library = () => import('js-yaml')

export async function written(rules: PolicyRules): Promise<string> {
  const { dump } = await library()
  return dump(rules, { lineWidth: 110, noRefs: true, quotingType: '"' })
}

export interface Unread {
  line: number
  wrong: string
}

// read is what a text says, or where it cannot be read. What it means the gateway judges.
export async function read(text: string): Promise<{ rules: PolicyRules } | { unread: Unread }> {
  const { load, YAMLException, CORE_SCHEMA } = await library()
  try {
    // The core schema knows neither dates nor octets: 2026-10-01 stays the text it is.
    const value = load(text, { schema: CORE_SCHEMA })
    if (!value || typeof value !== 'object' || !Array.isArray((value as PolicyRules).rules)) return { unread: { line: 1, wrong: 'rules: []' } }
    return { rules: value as PolicyRules }
  } catch (error) {
    if (error instanceof YAMLException) return { unread: { line: error.mark.line + 1, wrong: error.reason } }
    throw error
  }
}
