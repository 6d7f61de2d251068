export default {
  title: '登录会话',
  about: '在此管理台登录的人员。闲置 {{minutes}} 分钟后会话自动结束，最迟在所列时间结束。',
  name: '人员', own: '本人', 'own.end': '请用“退出登录”', address: '网络地址', opened: '登录时间', used: '最近操作', until: '最迟结束', print: '证书指纹', act: '操作',
  end: '结束会话', 'end.title': '结束 {{name}} 的会话？', 'end.about': '对方正在填写的内容会保留在其页面上，须重新登录才能继续。要停止其权限，请在“操作员”页终止证书。', 'end.done': '会话已结束',
  elsewhere: '会话由本管理台所属机构的安全管理员管理', 'elsewhere.text': '本管理台属于{{place}}。如需查看或结束会话，请联系该机构的安全管理员。',
}
