export default {
  title: '自动审核规则', about: '规则可以代替人工审核指定类别和业务的申请，有配额和期限；每一份由规则通过的申请都记有规则名称。', who: '规则由安全管理员设置；审核员和审计管理员可以查看。',
  new: '新增规则', edit: '修改', 'edit.title': '修改规则 {{name}}', save: '保存', saved: '已保存；规则为关闭状态，请核对后启用', empty: '没有自动审核规则：全部由人工审核。', act: '操作', choose: '请至少选择一项',
  name: '名称', 'name.help': '小写字母、数字和连字符，例如 renewals-2026', node: '适用机构', 'node.help': '适用于该机构下级提交的申请', operations: '业务', kinds: '类别', quota: '配额（份）', 'quota.help': '用完即停；修改规则后重新计数', used: '已用', until: '截止', over: '已过期', by: '设置', active: '启用', strong: '所选业务影响较大，通常应由人工审核。',
  on: '启用', off: '关闭', 'turn.on': '启用', 'turn.off': '关闭', 'turn.on.title': '启用规则 {{name}}？', 'turn.on.about': '启用后符合条件的申请立即自动通过，最多 {{quota}} 份，重新计数。', 'turn.off.title': '关闭规则 {{name}}？', 'turn.off.about': '之后的申请由人工审核；已通过的不受影响。', 'turned.on': '规则已启用', 'turned.off': '规则已关闭',
  'operation.issue': '签发', 'operation.renew': '更新', 'operation.reissue': '补发', 'operation.modify': '变更', 'operation.revoke': '注销', 'operation.freeze': '冻结', 'operation.unfreeze': '解冻', 'operation.cancel': '信息注销',
  'kind.person': '个人', 'kind.organisation': '机构', 'kind.device': '设备', 'kind.code': '代码签名',
}
