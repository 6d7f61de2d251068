export default {
  title: '档案', about: '结束满 366 天的业务归档成卷，与审计日志以摘要相互印证；保存至少五年，销毁须两人同意。',
  search: '查找', 'search.how': '请输入完整姓名、用户编号或证书序列号。', name: '姓名或名称（完整）', holder: '用户编号', serial: '证书序列号', application: '申请编号', operation: '业务', state: '状态', created: '申请时间', empty: '档案中没有找到。', 'operation.issue': '签发', 'operation.renew': '更新', 'operation.reissue': '补发', 'operation.modify': '变更', 'operation.revoke': '注销', 'operation.freeze': '冻结', 'operation.unfreeze': '解冻', 'operation.cancel': '信息注销',
  volumes: '档案卷', 'volumes.empty': '还没有归档。', volume: '卷', node: '机构', before: '截止', newest: '最近日期', records: '记录数', digest: '摘要', made: '归档', act: '操作', file: '导出', close: '归档成卷', 'close.about': '所选日期之前结束的业务移出列表，归入新卷。', 'close.before': '此日期之前', closed: '已归档',
  destroy: '申请销毁', 'destroy.about': '须由安全管理员和审计管理员同意；销毁后只保留摘要。', 'destroy.done': '已提交，等待他人同意', kept: '保存至 {{day}}', verify: '核对全部档案', 'verify.good': '档案完整，与归档时一致。', 'verify.bad': '档案有问题', 'one.about': '第 {{volume}} 卷，归档时的原样', fields: '申请内容', documents: '材料', 'documents.none': '没有材料。', history: '经过',
  'event.register': '录入', 'event.edit': '修改', 'event.submit': '提交', 'event.return': '退回', 'event.approve': '批准', 'event.reject': '拒绝', 'event.withdraw': '撤回', 'event.issue': '制证', 'event.deliver': '交付', 'event.settle': '处理分歧', 'event.settled': '处理分歧', 'event.conflict': '记录不一致', 'event.ask-withdraw': '请求撤回',
}
