export default { title: '自助服务' }
