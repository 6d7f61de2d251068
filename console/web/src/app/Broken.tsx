import { useRouteError } from 'react-router'
import { Failure } from '@/components/Failure'

// Broken stands where a page fell over.
export function Broken() {
  return <Failure error={useRouteError()} retry={() => location.reload()} />
}
