import { Button, type ButtonProps } from 'antd'
import { useHref, useNavigate } from 'react-router'

// LinkButton is a link as large as a button.
export function LinkButton({ to, ...rest }: { to: string } & Omit<ButtonProps, 'href' | 'onClick'>) {
  const navigate = useNavigate()
  const href = useHref(to)
  return (
    <Button
      size="large"
      {...rest}
      href={href}
      onClick={(event) => {
        event.preventDefault()
        void navigate(to)
      }}
    />
  )
}
