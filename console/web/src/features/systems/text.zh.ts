export default {
  title: '应用系统', about: '使用证书的应用系统登记册：谁的系统、用于什么、接受哪类证书。登记由录入员办理，审核员批准。', list: '登记册', file: '导出', new: '登记应用', edit: '修改', 'edit.title': '修改“{{name}}”', save: '保存', saved: '已保存，等待审核员批准', wanted: '请填写', entry: '登记内容', empty: '还没有登记应用系统。录入员可以登记。',
  id: '标识', 'id.help': '小写字母、数字和连字符，例如 tax-declaration', name: '名称', owner: '应用单位', 'owner.code': '统一社会信用代码', contact: '联系方式', services: '使用的服务', kinds: '接受的证书', kind: '类别', node: '登记机构', reader: '查询机构', 'reader.help': '主管部门的机构编号；可以查看成员证书状态（不含姓名）', state: '状态', changed: '更新', act: '操作',
  'service.login': '登录', 'service.signature': '签名', 'service.encryption': '加密', 'service.time-stamp': '时间戳', 'service.seal': '电子签章', 'service.vpn': 'VPN', 'kind.person': '个人', 'kind.organisation': '机构', 'kind.device': '设备', 'kind.code': '代码签名',
  approve: '批准', 'approve.title': '批准“{{name}}”？', approved: '已批准', 'approve.who': '由上级机构的审核员批准', end: '停用', 'end.title': '停用“{{name}}”？', ended: '已停用',
  members: '成员证书状态', 'members.about': '由主管部门（{{node}}）查看：只有用户编号和证书状态，不含姓名。每次查看都会记录，并告知用户所在的注册机构。', 'members.nobody': '没有指定查询机构，成员的证书状态无人可看。', 'members.look': '查看成员证书状态', 'members.draft': '批准后可以添加成员。', 'members.ended': '应用已停用。', 'members.empty': '还没有成员。', holder: '用户编号', 'holder.help': '例如 H3F9A…，见“用户”页', serial: '证书', until: '有效期至', 'member.add': '添加成员', 'member.added': '已添加', 'member.remove': '移除', 'member.remove.title': '移除 {{holder}}？', 'member.removed': '已移除',
  glances: '查看记录', 'glances.empty': '没有主管部门查看过。', at: '时间', officer: '人员', from: '所在机构', system: '应用', holders: '涉及用户数',
}
