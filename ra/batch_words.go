package ra

// chineseFaults says in Chinese what can be wrong with a row, for the file with
// results: a spreadsheet has nobody who translates codes. Read only.
var chineseFaults = map[string]string{
	"sheet.blank":       "单元格为空，请填写",
	"sheet.character":   "单元格含有看不见或并非处处都能显示的字符，请重新录入，勿复制粘贴，勿换行",
	"sheet.choice":      "不在可选值之内，请从列表中选择",
	"sheet.digits-lost": "该列为数字格式，超过 15 位的号码末几位已丢失，请将该列设为文本后重新录入全部位数",
	"sheet.error-value": "单元格显示的是错误值，请填写实际的值",
	"sheet.formula":     "单元格含有公式，请以“只粘贴值”的方式替换",
	"sheet.hidden":      "该行被隐藏（可能由于筛选），请显示或删除",
	"sheet.long":        "字符过多，请缩短",
	"sheet.number":      "单元格的数字不是整数，请将该列设为文本后重新录入",
	"sheet.quotes":      "引号的位置不对或没有成对",
	"sheet.stray":       "该列没有列名，请删除此值或移到所属的列",
	"sheet.turned-date": "单元格被表格软件变成了日期，请将该列设为文本后重新录入",
	"batch.request":     "证书请求不能使用，须为一行 Base64；密钥由服务端生成时请留空",
	"batch.twice":       "与表中另一行是同一持有者，请删除其中一行",
	"field.characters":  "含有看不见的字符，请重新录入",
	"field.form":        "格式不对",
	"field.length":      "字符过多，请缩短",
	"identity.clear":    "此处疑似填入了身份号码，号码只能填在号码栏",
	"identity.number":   "证件号码不正确，请核对全部字符（末位为校验位）",
	"node.right":        "本机构无权受理此类申请",
	"holder.has-one":    "该持有者已有同类有效证书，请办理更新或补发",
}
