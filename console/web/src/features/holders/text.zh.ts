export default {
  title: '用户',
  about: '本机构及下级机构的持证人、单位、设备和发布者。',
  one: '用户', empty: '没有符合条件的用户。首次申请登记后会出现在这里。',
  name: '姓名或名称', 'name.begins': '姓名或名称（开头）', unit: '单位', kind: '类别', state: '状态', changed: '更新时间', id: '持有者编号',
  facts: '基本信息', certificates: '证书', 'certificates.none': '还没有证书', serial: '序列号', issuer: '签发 CA', profile: '模板', end: '到期时间',
  applications: '申请', 'applications.all': '在申请列表中查看', 'applications.none': '没有可见的申请', number: '编号', operation: '业务',
  systems: '使用的应用系统', system: '应用系统', 'systems.none': '没有登记使用的应用系统', 'systems.none.active': '没有可选的应用系统', 'systems.add': '登记', 'systems.add.title': '登记此用户使用的应用系统', 'systems.choose': '请选择应用系统', 'systems.added': '已登记', 'systems.remove': '移除', 'systems.remove.title': '不再使用“{{name}}”？', 'systems.removed': '已移除',
  export: '导出个人资料', 'export.title': '导出此用户的全部资料', 'export.about': '文件含明文的个人信息，只能交给本人。导出和理由会写入审计日志。', 'export.reason': '谁提出、如何核实身份', 'export.done': '文件已下载',
  move: '移交机构', 'move.about': '用户调动时，由两处共同的上级提出移交，另一名审核员同意后生效。', 'move.above': '由两处共同上级的录入员提出。', 'move.act': '移交', 'move.title': '移交“{{name}}”', 'move.now': '现在属于 {{node}}。', 'move.to': '移交到', 'move.to.required': '请选择机构', 'move.done': '已提出，等待另一人同意',
  'move.open': '待同意：从 {{from}} 移交到 {{to}}', 'move.waits': '等待另一名审核员同意。', 'move.consent': '同意', 'move.consent.title': '同意移交？', 'move.consented': '已移交', 'move.refuse': '不同意', 'move.refused': '已拒绝',
  glances: '查看记录', 'glances.about': '主管部门查看本机构用户证书状态的记录，每次查看都留痕。', 'glances.empty': '还没有人查看过', 'glances.at': '时间', 'glances.officer': '查看人', 'glances.from': '查看人所在机构', 'glances.node': '用户所属机构', 'glances.holders': '涉及人数',
}
