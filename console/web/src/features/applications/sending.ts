import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { applicationSubmit, attach, edit, register } from '@/client/ra'
import type { RaApplication, RaEntry } from '@/client/ra'
import { ask } from '@/lib/http'
import { nameOf, type Paper } from './Papers'

export interface Sending {
  entry: RaEntry
  papers: Paper[]
  submit: boolean
}

// useSending registers, or changes, attaches and submits, one step after the other. What
// broke off goes on where it was: an application is not registered a second time, nor a
// scan attached twice.
export function useSending(from?: RaApplication) {
  const queries = useQueryClient()
  const [begun, setBegun] = useState(from)
  const now = useRef(from)
  const said = useRef('') // the entry as the server has it
  const key = useRef({ id: '', entry: '' })
  const attached = useRef(new Set<string>())
  const at = (application: RaApplication) => {
    now.current = application
    setBegun(application)
    return application
  }

  const send = useMutation({
    mutationFn: async ({ entry, papers, submit }: Sending): Promise<RaApplication> => {
      const text = JSON.stringify(entry)
      if (!now.current) {
        if (key.current.entry !== text) key.current = { id: crypto.randomUUID(), entry: text }
        at(await ask(register({ body: { ...entry, key: key.current.id } })))
      } else if (text !== said.current) {
        at(await ask(edit({ path: { id: now.current.id }, body: { ...entry, version: now.current.version } })))
      }
      said.current = text
      for (const paper of papers) {
        if (attached.current.has(paper.uid)) continue
        const { id, version } = now.current!
        at(await ask(attach({ path: { id }, query: { version, sort: paper.sort, name: nameOf(paper) }, body: paper.file })))
        attached.current.add(paper.uid)
      }
      const { id, version } = now.current!
      return submit ? at(await ask(applicationSubmit({ path: { id }, body: { version } }))) : now.current!
    },
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: ['applications'] })
      void queries.invalidateQueries({ queryKey: ['work'] })
    },
  })

  // next begins another application in the same form.
  const next = () => {
    now.current = undefined
    said.current = ''
    attached.current.clear()
    setBegun(undefined)
    send.reset()
  }
  return { begun, send, next, at }
}
