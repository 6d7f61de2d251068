export default {
  title: '统计分析', about: '本机构及下级机构的业务量、存量证书和到期分布。', period: '时间', 'period.month': '近 30 天', 'period.quarter': '近 3 个月', 'period.year': '今年', 'period.twelve': '近 12 个月', by: '按时间', 'by.month': '按月', 'by.day': '按天',
  'file.csv': '下载 CSV', 'file.xlsx': '下载 XLSX', kind: '类别', operation: '业务', month: '月份', sum: '合计', hours: '小时',
  'event.register': '录入', 'event.submit': '提交', 'event.approve': '批准', 'event.return': '退回', 'event.reject': '拒绝', 'event.issue': '制证', 'event.deliver': '交付',
  'figure.registered': '录入申请', 'figure.approved': '批准', 'figure.issued': '制证', 'figure.wait': '平均审核用时', 'figure.waiting': '当前待审核', 'figure.valid': '当前有效证书',
  'chart.flow': '业务量趋势', 'chart.kinds': '按类别', 'chart.operations': '按业务', 'chart.places': '按机构与区域', 'chart.standing': '存量证书（按类别）', 'chart.standing.places': '存量证书（按机构）', 'chart.ending': '到期日历（未来三年，点击查看证书）', 'chart.ending.label': '未来三年每月到期的证书数，按类别',
}
