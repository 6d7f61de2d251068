"""Makes a workbook with XlsxWriter, which keeps texts in a table of their own as Excel does. Usage: shared.py FOLDER"""
import datetime, sys
import xlsxwriter

b = xlsxwriter.Workbook(sys.argv[1] + "/shared.xlsx")
s = b.add_worksheet("人员")
text = b.add_format({"num_format": "@"})
for i, heading in enumerate(["姓名", "证件号码", "证件类型", "出生日期", "电话", "备注"]):
    s.write(0, i, heading)
s.write_rich_string(1, 0, b.add_format({"bold": True}), "张", "三")
s.write_string(1, 1, "11010519491231002X", text)
s.write(1, 2, "Identity card")
s.write_datetime(1, 3, datetime.datetime(1949, 12, 31), b.add_format({"num_format": 'yyyy"年"m"月"d"日"'}))
s.write_number(1, 4, 13800138000, b.add_format({"num_format": "0_ "}))
s.write_string(1, 5, "=1+1")
s.write_string(2, 0, "李四")
s.write_number(2, 1, 110105194912310021)
s.write(2, 2, "护照")
s.write_formula(2, 3, "=TODAY()", None, 45000)
s.write_boolean(2, 4, True)
s.write_formula(2, 5, "=NA()", None, "#N/A")
b.close()
