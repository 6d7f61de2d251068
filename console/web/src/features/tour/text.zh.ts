export default {
  help: '帮助', tour: '重新开始导览', keys: '键盘操作', 'key.?': '显示本说明', 'key.Tab': '在菜单、表格行和按钮之间移动', 'key.Enter': '打开所选的行', 'key.Esc': '关闭窗口',
  'step.welcome': '欢迎使用一证通', 'step.welcome.text': '五步看完主要功能。菜单只显示您有权使用的页面。', 'step.tree': '机构树', 'step.tree.text': '注册机构和受理点在这里建立；修改权限之前会先显示影响。', 'step.officers': '操作员', 'step.officers.text': '给新人发一次性注册码，授予角色和岗位。', 'step.applications': '业务申请', 'step.applications.text': '登记、审核、制证、交付都从申请开始。', 'step.approvals': '双人审批', 'step.approvals.text': '重要操作由一人提出、他人同意，都在这里。', 'step.audit': '审计日志', 'step.audit.text': '每条记录由您的浏览器自行核验。', 'step.system': '运行状况', 'step.system.text': '各系统是否正常、证书何时到期、备份是否可用。', 'step.help': '需要时', 'step.help.text': '按 ? 查看键盘操作；在这里可以重新开始导览。',
}
