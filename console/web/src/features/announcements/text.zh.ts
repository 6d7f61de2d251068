export default {
  title: '公告', about: '在公开网站上向所有人发布。由系统管理员起草，他人同意后按时显示；发布后不能修改，只能撤下。', empty: '还没有公告。', name: '标题', begins: '开始显示', ends: '结束显示', 'ends.none': '撤下为止', state: '状态', shown: '显示中', by: '起草', motion: '审批', entry: '发布信息', wanted: '请填写，至少 2 个字',
  write: '起草公告', 'write.about': '中文和英文都要填写。请勿写入证件号码等个人信息。', send: '提交审批', sent: '已提交，等待他人同意', 'title.zh': '中文标题', 'title.en': '英文标题', 'text.zh': '中文正文', 'text.en': '英文正文', 'text.help': '纯文本，段落之间空一行',
  'shown.about': '所有人现在都能看到。', 'hidden.about': '现在没有公开显示。', down: '撤下', 'down.about': '撤下也须他人同意。', 'down.done': '已提交撤下申请',
}
