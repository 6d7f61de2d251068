import { Flex, Typography } from 'antd'
import { useEffect, type ReactNode } from 'react'

// PageHead is the title of a page, what it is for, and what can be done on it.
export function PageHead({ title, about, acts }: { title: ReactNode; about?: ReactNode; acts?: ReactNode }) {
  useEffect(() => {
    if (typeof title === 'string') document.title = `${title} · OneCert`
  }, [title])
  return (
    <Flex justify="space-between" align="start" wrap gap={12} className="page-head">
      <div>
        <Typography.Title level={1} className="page-title">
          {title}
        </Typography.Title>
        {about && <Typography.Paragraph type="secondary">{about}</Typography.Paragraph>}
      </div>
      {acts && <Flex wrap gap={8} align="center">{acts}</Flex>}
    </Flex>
  )
}
