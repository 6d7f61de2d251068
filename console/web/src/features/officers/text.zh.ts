export default {
  title: '操作员', about: '各系统登记的人员和站点证书、角色与岗位。角色由安全管理员授予，审计管理员可以查看。',
  registered: '已登记证书', posts: '岗位', name: '名称', role: '角色', roles: '角色', kind: '类别', 'kind.officer': '人员', 'kind.site': '站点', until: '证书有效期至', added: '登记', state: '状态', act: '操作', changed: '更新', save: '保存', missing: '缺',
  'state.active': '有效', 'state.ended': '已终止', 'state.all': '全部', print: '证书指纹', serial: '签发者与序列号', ended: '终止', over: '已过期', left: '剩 {{days}} 天', empty: '没有符合条件的操作员。',
  new: '发放注册码', 'new.make': '生成', 'name.help': '小写字母、数字、点和连字符，例如 ra1.reviewer', 'name.wrong': '请用小写字母、数字、点和连字符', 'role.wrong': '请选择角色', days: '有效天数', persons: '人员', sites: '站点',
  held: '{{name}} 已是{{roles}}', 'held.why': '灰色的角色不能与已有角色兼任：三类管理员彼此分开，管理员也不办理业务。',
  'conflict.administrations': '系统、安全、审计三类管理员不能由一人兼任', 'conflict.business': '管理员不能兼办业务：授予角色的人若能办理业务，便可给自己任何权限', 'conflict.kind': '人员的名称不能用于站点，反之亦然',
  separation: '为什么有些角色不能兼任？', 'separation.text': '系统管理员管理机器和服务，安全管理员决定谁可以操作，审计管理员监督前两者。三者由三个人担任，没有人能独自授权、操作并抹去痕迹（GB/T 22239）。\n录入、审核、制证、恢复由业务人员办理；录入的人不审核同一份申请。',
  'role.system.does': '管理机器、服务、机构树和证书模板；不能授权，不能办理业务', 'role.security.does': '授予和终止角色，批准机构；不能办理业务', 'role.audit.does': '查看审计日志，监督各类操作；不能改动任何内容', 'role.registrar.does': '受理申请，登记和交付', 'role.reviewer.does': '审核申请；不审核自己录入的', 'role.issuer.does': '制证，交付', 'role.custodian.does': '参与密钥恢复，须数人共同', 'role.site.does': '注册机构、网关等组件', 'role.node.does': '证书状态服务节点',
  'code.for': '{{name}} 的一次性注册码', 'code.once': '只显示这一次，{{count}} 天内有效，用过即失效。请用可靠的方式交给本人。', 'code.kept': '已记下', 'code.page': '本人用浏览器打开：', 'code.enrol': '或在自己的电脑上运行（密钥不经过浏览器）：', 'code.join': '或用已有的 CA 证书在命令行登记：', 'code.site': '在该组件的机器上运行其 enrol 命令：',
  end: '终止', 'end.title': '终止 {{name}} 的证书？', 'end.about': '立即生效，不可恢复；需要时再发新的注册码。', 'end.security': '终止安全管理员须由他人同意，将提交双人审批。', 'end.done': '已终止或已提交审批', 'end.last': '唯一的安全管理员',
  node: '机构', 'node.wrong': '请选择机构', 'post.new': '任命并发注册码', 'post.title': '岗位名称', 'post.trained': '培训日期', 'post.paper': '保密协议', 'post.paper.help': '只保存签署文件的 SHA-256 摘要，文件不上传', 'post.paper.choose': '从文件计算', 'post.until': '任命有效期至', 'post.until.help': '到期后角色自动失效', 'post.papers': '{{name}} 的岗位', 'post.kept': '岗位已保存', 'posts.empty': '没有符合条件的岗位。',
}
