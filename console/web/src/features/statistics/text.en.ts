export default {
  title: 'Statistics', about: 'What was done at this place and those below it, what certificates stand, and when they end.', period: 'Time', 'period.month': 'Last 30 days', 'period.quarter': 'Last 3 months', 'period.year': 'This year', 'period.twelve': 'Last 12 months', by: 'By', 'by.month': 'By month', 'by.day': 'By day',
  'file.csv': 'Download CSV', 'file.xlsx': 'Download XLSX', kind: 'Kind', operation: 'Operation', month: 'Month', sum: 'Sum', hours: 'hours',
  'event.register': 'Entered', 'event.submit': 'Submitted', 'event.approve': 'Approved', 'event.return': 'Returned', 'event.reject': 'Rejected', 'event.issue': 'Issued', 'event.deliver': 'Delivered',
  'figure.registered': 'Entered', 'figure.approved': 'Approved', 'figure.issued': 'Issued', 'figure.wait': 'Mean time to approve', 'figure.waiting': 'Wait for review now', 'figure.valid': 'Valid certificates now',
  'chart.flow': 'What was done', 'chart.kinds': 'By kind', 'chart.operations': 'By operation', 'chart.places': 'By place and region', 'chart.standing': 'Certificates by kind', 'chart.standing.places': 'Certificates by place', 'chart.ending': 'When certificates end (three years; click to see them)', 'chart.ending.label': 'Certificates that end in each month of the next three years, by kind',
}
