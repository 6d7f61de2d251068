"""Makes workbooks with openpyxl, as other people's programs do. Usage: make.py FOLDER"""
import datetime, sys
import openpyxl
from openpyxl.styles import numbers

HEAD = ["姓名", "证件号码", "ID type", "Born", "电话", "备注"]
GOOD = ["张三", "11010519491231002X", "居民身份证", datetime.date(1949, 12, 31), "13800138000", None]
folder = sys.argv[1]

def book(*rows, head=HEAD):
    b = openpyxl.Workbook()
    s = b.active
    for row in [head, *rows]:
        s.append(row)
    return b, s

def save(b, name):
    b.save(f"{folder}/{name}.xlsx")

b, s = book(GOOD)
save(b, "good")

b, s = book(["李四", 110105194912310021, "resident", "1990年2月3日", 13800138000, 12345])
s["B2"].number_format = "0"
save(b, "number")

b, s = book(["王五", 7, "居民身份证", 20000101, 13800138000, datetime.date(2026, 1, 2)])
s["B2"].number_format = "00000000"
save(b, "formats")

b, s = book(["=1+1", '=HYPERLINK("http://127.0.0.1/")', "居民身份证", "=TODAY()", "1", None])
save(b, "formula")

b, s = book(GOOD, GOOD)
s.row_dimensions[3].hidden = True
save(b, "hidden-row")

b, s = book(GOOD)
s.title = "other"
first = b.create_sheet("first", 0)
first.append(["nothing"])
first.sheet_state = "hidden"
save(b, "hidden-sheet")

b, s = book(GOOD)
b.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
save(b, "mac")

b, s = book(GOOD)
b.iso_dates = True
save(b, "iso")

b, s = book(["Ｚｈａｎｇ", "１１０１０５１９４９１２３１００２ｘ", "居民身份证", "1949/12/31", "　１３８　", "张　三"], ["张\n三", "a\u200bb", "别的", "1949-02-30", None, "\ue000"])
save(b, "width")

b, s = book(GOOD, [None] * 6, GOOD, head=["证件号码", "姓名", "  ID TYPE*", "出生日期 / Born", "电话", "备注"])
s["A2"], s["B2"], s["A4"], s["B4"] = GOOD[1], GOOD[0], "A1234567", "李四"
for row in range(5, 40):
    s.cell(row, 1).number_format = numbers.FORMAT_TEXT
save(b, "order")

b, s = book(GOOD)
s["H2"] = "stray"
s["A2"].comment = openpyxl.comments.Comment("x", "y")
save(b, "stray")
