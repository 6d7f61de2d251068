export default {
  title: '业务规则', about: '电子认证业务规则和证书策略。每个版本由一人提出、两人同意后发布，发布后不再改动。', empty: '还没有业务规则。系统管理员可以提出第一个版本。', wanted: '请填写',
  kind: '类别', 'kind.practice-statement': '电子认证业务规则（CPS）', 'kind.certificate-policy': '证书策略（CP）', name: '名称', edition: '版本', begins: '生效日期', state: '状态', force: '现行', motion: '审批', 'about.edition': '版本信息', 'oid.wrong': '请填写点分数字，例如 1.2.156.112600.1.1',
  propose: '提出新版本', 'propose.do': '提交审批', 'propose.about': '须由安全管理员和审计管理员同意；提交后内容不能修改。', proposed: '已提交，等待他人同意', file: '文件', 'file.help': '纯文本（UTF-8）或 PDF，不超过 4 MB', 'file.choose': '选择文件', 'file.wrong': '{{name}} 不是 UTF-8 文本或 PDF，或超过 4 MB', download: '下载',
  'edition.form': '一至四段数字，以点分隔，每段最多四位，如 2.1',
}
