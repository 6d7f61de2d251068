import { useMutation, useQueryClient } from '@tanstack/react-query'
import { applicationApprove, applicationDeliver, applicationIssue, applicationReject, applicationReturn, applicationSubmit, applicationWithdraw, applications, settle } from '@/client/ra'
import type { RaApplication } from '@/client/ra'
import { ask } from '@/lib/http'
import { Refusal } from '@/lib/refusal'

const calls = { approve: applicationApprove, return: applicationReturn, reject: applicationReject, withdraw: applicationWithdraw, submit: applicationSubmit, issue: applicationIssue, deliver: applicationDeliver, settle }
export type Decided = keyof typeof calls

const ofReview: Decided[] = ['approve', 'return', 'reject']

// useDecide does one act on the version that is on the screen. What the server says it
// is afterwards is shown at once.
export function useDecide(application: RaApplication, after?: (act: Decided) => void) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: ({ act, note }: { act: Decided; note?: string }) => ask(calls[act]({ path: { id: application.id }, body: { version: application.version, note: note?.trim() || undefined } })),
    onSuccess: (_, { act }) => {
      void queries.invalidateQueries({ queryKey: ['application', application.id] })
      void queries.invalidateQueries({ queryKey: ['applications'] })
      void queries.invalidateQueries({ queryKey: ['work'] })
      after?.(act)
    },
    // Who reviews first reads who changed it, and keeps the note; the others see at once
    // how it stands.
    onError: (error, { act }) => {
      if (error instanceof Refusal && error.stale && !ofReview.includes(act)) void queries.invalidateQueries({ queryKey: ['application', application.id] })
    },
  })
}

// nextToReview is the application that has waited for this reviewer, if there is one.
export async function nextToReview(but: string): Promise<string | undefined> {
  const page = await ask(applications({ query: { state: ['submitted'], limit: 20 } }))
  return page.items.find((one) => one.id !== but && one.legal?.includes('approve'))?.id
}
