export default {
  title: '密钥库', about: '加密密钥的备用、使用、历史和销毁。密钥本身只以加密形式存放，这里没有任何人能看到密钥。',
  stock: '库存', retention: '到期保管', suite: '算法', spare: '备用', in_use: '在用', history: '历史', destroyed: '已销毁', 'spare.about': '随时可用于新证书', 'in_use.about': '属于有效的证书', 'history.about': '证书已终止，按规定保管', 'destroyed.about': '保管期满后经批准销毁',
  pool: '密钥池', 'pool.none': '没有密钥池', oldest: '最早产生于', speed: '每秒产生', low: '不足', fill: '立即补满', 'fill.ask': '现在补满密钥池？', 'fill.about': '平时自动补充。大批签发之前可以先补满；RSA 密钥可能需要几分钟。', filled: '密钥池已补满', 'fill.who': '由密钥管理中心的系统管理员补充',
  'retention.about': '保管期已满的历史密钥', 'retention.years': '历史密钥保管 {{years}} 年。下列密钥保管期已满，可以提议销毁。', 'retention.none': '没有保管期满的密钥', cert_no: '加密证书编号', holder: '持有者编号', ended: '转入历史', due: '保管至',
  destroy: '提议销毁（{{count}}）', 'destroy.ask': '提议销毁 {{count}} 把密钥？', 'destroy.about': '需其他人员同意后才会销毁。销毁后，用它加密的文件再也打不开。', 'destroy.proposed': '已提议', 'destroy.who': '销毁由密钥恢复员提议',
}
