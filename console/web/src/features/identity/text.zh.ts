export default {
  title: '我的身份',
  about: '您登录所用的证书，以及它在各系统的登记。',
  certificate: '登录证书', subject: '主题', issuer: '签发者', serial: '序列号', until: '有效期至',
  places: '在各系统的登记', unknown: '未登记',
  renewed: '登记更新后的证书', 'renewed.about': '证书更新后，在旧证书到期之前于各系统登记新证书，角色和岗位随之延续。证书认证中心（CA）自行识别，无需登记。',
  place: '系统', choose: '选择证书文件', unreadable: '{{name}} 不是 PEM 或 DER 证书', register: '登记 {{name}}', registered: '新证书已登记，可以用它登录',
}
