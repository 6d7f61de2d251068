import { useMutation } from '@tanstack/react-query'
import { Steps } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { save } from '@/lib/http'
import { certify, type Attempt } from './code'
import { EnrolForm, type Wish } from './EnrolForm'
import { Import } from './Import'
import { IssuedFile } from './IssuedFile'

// Enrol turns a code into a key, its certificate and one file with both. The password is
// chosen first, so that the file is there as soon as the code is used up.
export function Enrol() {
  const { t } = useTranslation('enrolment')
  const attempt = useRef<Attempt>({})
  const [kept, setKept] = useState(false)
  const make = useMutation({
    mutationFn: ({ code, password }: Wish) => certify(attempt.current, code, password),
    onSuccess: ({ file, fileName }) => save(file, fileName),
  })
  useWarning(make.isPending || (make.isSuccess && !kept))
  const issued = make.data
  return (
    <>
      <Steps size="small" responsive className="enrolment-steps" current={!issued ? 0 : kept ? 2 : 1} items={[{ title: t('step.code') }, { title: t('step.file') }, { title: t('step.import') }]} />
      {!issued && <EnrolForm making={make.isPending} error={make.error} onMake={(wish) => make.mutate(wish)} />}
      {issued && <IssuedFile issued={issued} password={make.variables.made ? make.variables.password : undefined} kept={kept} onKept={setKept} />}
      {issued && kept && <Import issued={issued} />}
    </>
  )
}

// useWarning asks before the page is left that holds what is nowhere else.
function useWarning(holding: boolean) {
  useEffect(() => {
    if (!holding) return
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', warn)
    return () => window.removeEventListener('beforeunload', warn)
  }, [holding])
}
