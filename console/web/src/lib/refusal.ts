// What an API answers when it does not do what was asked: RFC 9457, as serve writes it.
export interface Fault {
  location: string
  message: string
}

export class Refusal extends Error {
  readonly status: number
  readonly code: string
  readonly remedy: string
  readonly requestId: string
  readonly faults: Fault[]

  constructor(status: number, problem: Partial<Record<string, unknown>>) {
    super(String(problem.title ?? 'no answer'))
    this.status = status
    this.code = String(problem.code ?? '')
    this.remedy = String(problem.remedy ?? '')
    this.requestId = String(problem.request_id ?? '')
    this.faults = Array.isArray(problem.errors) ? (problem.errors as Fault[]) : []
  }

  // nothing reached the server, or nothing came back
  get offline(): boolean {
    return this.status === 0
  }

  // the caller may not; who can is in the remedy
  get forbidden(): boolean {
    return this.status === 403 || this.status === 401
  }

  // somebody else was faster: load again and look
  get stale(): boolean {
    return this.status === 409
  }
}
