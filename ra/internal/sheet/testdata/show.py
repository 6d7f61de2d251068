"""Shows a workbook as openpyxl sees it, as JSON. Usage: show.py FILE"""
import json, sys
import openpyxl

b = openpyxl.load_workbook(sys.argv[1])
print(json.dumps([{
    "title": s.title,
    "rows": [[{"value": "" if c.value is None else str(c.value), "type": c.data_type, "format": c.number_format} for c in row] for row in s.iter_rows()],
    "columns": {k: d.number_format for k, d in s.column_dimensions.items()},
    "lists": [{"at": str(v.sqref), "formula": v.formula1, "type": v.type} for v in s.data_validations.dataValidation],
    "frozen": s.freeze_panes or "",
} for s in b.worksheets]))
