// A cell that begins so is a formula to a spreadsheet program; the same character of
// another width is folded by some of them (OWASP, CSV injection).
const formula = /^[\s]*[=+\-@\t\r＝＋－＠]/

// cell writes one value: formulas neutralised, quotes doubled.
export function cell(value: string): string {
  const safe = formula.test(value) ? `'${value}` : value
  return /[",\n\r]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe
}

// csv writes a table as RFC 4180 with the mark by which spreadsheet programs know UTF-8.
export function csv(rows: string[][]): string {
  return '\ufeff' + rows.map((row) => row.map(cell).join(',') + '\r\n').join('')
}

export const csvFile = (rows: string[][]) => new Blob([csv(rows)], { type: 'text/csv' })
