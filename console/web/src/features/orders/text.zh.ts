export default {
  title: '签发单', about: '按申请编号查看签发了什么；中心的制证员也可以手工签发。', look: '查询', application: '申请编号', chain: '证书链', envelope: '加密密钥信封', certificate: '证书（PEM）', subject: '主体', serial: '序列号', profile: '证书模板', holder: '持有者', validity: '有效期', 'history.waits': '以前的加密密钥要由密钥恢复员恢复', required: '请填写',
  'role.single': '证书', 'role.sign': '签名证书', 'role.encrypt': '加密证书',
  'key.title': '由中心产生的密钥', 'key.about': '如果这个申请的签名密钥由中心产生，而又不再需要，可以擦除；已打包的，擦除后不能再取。', 'key.end': '擦除密钥', 'key.end.ask': '擦除 {{application}} 的密钥？', 'key.end.about': '擦除后无法恢复。已交给持有者的文件不受影响。', 'key.ended': '密钥已擦除',
  'issue.title': '手工签发', 'issue.about': '用于不经注册机构办理的证书，如服务器和设备。个人和机构的证书请走申请流程。', 'issue.who': '手工签发由中心的制证员办理', 'issue.act': '签发', 'issue.go-on': '继续', 'issue.done': '已签发', 'issue.again': '再签发一张',
  what: '签发什么', issuer: '签发 CA', 'issuer.auto': '按密钥算法选择', key: '密钥', 'key.whose': '密钥从哪里来', 'key.request': '持有者自己的（证书请求）', 'key.centre': '由中心产生', 'key.centre.about': '密钥在密钥管理中心产生，打包为 PKCS#12 文件，口令另行告知', suite: '密钥算法', request: '证书请求（PKCS#10）', 'request.help': '只取其中的公钥和签名；名称以下面填写的为准', 'request.bad': '这不是证书请求',
  who: '持有者是谁', 'who.holder': '已知持有者编号', 'who.identity': '按证件', 'who.none': '不填', 'holder.id': '持有者编号', 'holder.id.help': '证书里的持有者编号，或设备的登记编号', 'identity.kind': '证件', 'identity.resident': '居民身份证', 'identity.military': '军官证', 'identity.passport': '护照', 'identity.credit-code': '统一社会信用代码', 'identity.number': '号码', 'identity.help': '换算为持有者编号，号码本身不保存',
  'attribute.C': '国家', 'attribute.ST': '省', 'attribute.L': '市', 'attribute.O': '单位', 'attribute.OU': '部门', 'attribute.CN': '姓名或名称', 'attribute.title': '职务', 'attribute.emailAddress': '邮箱', 'alt.dns': '域名', 'alt.ip': 'IP 地址', 'alt.email': '邮箱', 'alt.uri': 'URI', 'value.credit_code': '统一社会信用代码', 'value.identity_number': '证件号码', 'value.insurance_number': '社保号', 'value.organisation_code': '组织机构代码', 'value.registration_number': '工商注册号', 'value.tax_number': '税号',
  more: '其他', days: '有效天数', 'days.help': '不填为 {{days}} 天，最长 {{most}} 天', decision: '为何可有第二张', 'decision.help': '该模板每人只限一张；确需第二张时写明依据', pair: '双证书', single: '只要签名证书',
  'hand.title': '请立即保存：口令只显示这一次', 'hand.about': '文件和口令要用不同的途径交给持有者。文件在 {{until}} 前可以重新取得。', 'hand.password': '口令',
}
