export default {
  title: '签发 CA', about: '每个签发 CA 的证书、吊销列表和已签发的数量。', one: '签发 CA', none: '没有签发 CA', unknown: '没有这个签发 CA', until: '有效期至 {{date}}', days: '还有 {{count}} 天', partitions: '分区 {{count}} 个', state: '状态', reason: '事由', and: '、',
  certificate: 'CA 证书', chain: '下载证书链', suite: '算法', validity: '有效期', counts: '已签发', 'key.place': '私钥的存放位置只写在 CA 主机的配置里，接口不提供。',
  lists: '吊销列表', 'lists.none': '还没有签发列表', 'lists.late': '未按时更新：{{names}}', 'lists.late.about': '请查看 CA 的运行状况；可以先立即签发。', list: '列表', 'list.complete': '完整列表', 'list.delta': '增量', 'list.partition': '分区 {{n}}', 'list.partition.delta': '分区 {{n}} 增量', number: '编号', entries: '条目', size: '大小', this_update: '本次更新', next_update: '下次更新', file: '文件', download: '下载', 'fresh.warning': '即将到期', 'fresh.critical': '已过期',
  sign: '立即签发列表', 'sign.ask': '现在签发全部列表？', 'sign.about': '平时自动签发。恢复之后或急需公布吊销时使用。', signed: '列表已签发',
  'propose.who': '提高列表编号、替换签发 CA 由 CA 的系统管理员提议', proposed: '已提议', raise: '提高列表编号', 'raise.ask': '提高 {{issuer}} 的列表编号', 'raise.about': '从备份恢复后，已公布的编号可能高于数据库所知；编号只能增大。需另一位管理员同意。', 'raise.number': '已公布过的最大编号',
  replace: '替换这个 CA', 'replace.ask': '用另一个 CA 替换 {{issuer}}', 'replace.about': '演练，或私钥失窃时使用：把它签发的有效证书全部在另一个 CA 下重新签发，旧证书作为被取代而吊销。需其他管理员同意。', 'replace.to': '由哪个 CA 接替', 'replace.to.help': '算法应当相同',
  'replacements.title': '替换进度', 'replacements.about': '演练或失窃之后，把一个签发 CA 的全部证书在另一个之下重新签发。', 'replacements.none': '没有进行过替换。要替换，请打开一个签发 CA。', 'replacements.unknown': '没有这次替换', 'replacements.one': '替换', 'replacements.which': '替换', 'replacements.progress': '进度', 'replacements.total': '总数', 'replacements.done': '已重新签发', 'replacements.passed': '无须重签', 'replacements.missed': '未能重签', 'replacements.speed': '每秒', 'replacements.took': '历时', 'replacements.by': '提议人', 'replacements.created': '开始',
  'missed.title': '未能重新签发的', 'missed.about': '解决后可以再提议一次，已完成的不会重复。', 'missed.none': '没有遗漏', 'missed.why': '原因', application: '申请', holder: '持有者', serial: '序列号',
}
