import { Flex, Spin } from 'antd'

export function Waiting() {
  return (
    <Flex align="center" justify="center" className="waiting" aria-busy="true">
      <Spin size="large" />
    </Flex>
  )
}
