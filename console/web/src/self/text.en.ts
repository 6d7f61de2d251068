export default { title: 'Self-service' }
