export default {
  title: '业务申请',
  about: '本机构及下级机构的全部申请，最新的在前。',
  id: '编号', name: '姓名或名称', kind: '类别', operation: '业务', state: '状态', node: '受理点', changed: '更新时间',
  'kind.person': '个人', 'kind.organisation': '机构', 'kind.device': '设备', 'kind.code': '代码签名',
  'operation.apply': '申请', 'operation.renew': '更新', 'operation.reissue': '补办', 'operation.revoke': '吊销', 'operation.freeze': '冻结', 'operation.unfreeze': '解冻', 'operation.modify': '变更', 'operation.cancel': '信息注销',
}
