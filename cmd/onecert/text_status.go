package main

// The texts of status in both languages; read only.
var englishStatus = table{
	"cmd.status":      "Tell a certificate's state now or at a moment, with its proof",
	"cmd.status.long": "Tell what the state of a certificate is, or was at a moment, with the journal entry that proves it. Ask a public service with --url, or the database of a CA or a node on this machine with --dir. A certificate is named by its issuer's id and serial number, or by its file.",
	"flag.status.at":  "the moment: 2026-11-01, '2026-11-01 12:00' (UTC) or RFC 3339; now if left out",
	"flag.status.url": "address of a service, such as http://pki.gov.example",
	"flag.status.dir": "folder of a CA or a node on this machine",

	"usage.status.where": "say whom to ask: --url ADDRESS or --dir FOLDER, one of them",

	"status.then":       "%s at %s: %s",
	"status.reason":     "reason: %s, since %s",
	"status.invalidity": "in doubt since %s",
	"status.until":      "the certificate's validity: until %s",
	"status.proof":      "proof: entry %d of the journal, %s at %s",
	"status.copy":       "answered by a copy that is complete up to %s",
}

var chineseStatus = table{
	"cmd.status":      "查询证书现在或某一时刻的状态及其依据",
	"cmd.status.long": "查询证书现在或某一时刻的状态，并给出作为依据的日志条目。用 --url 询问公共服务，或用 --dir 读取本机 CA 或节点的数据库。证书以签发者标识和序列号指定，或以证书文件指定。",
	"flag.status.at":  "时刻：2026-11-01、“2026-11-01 12:00”（UTC）或 RFC 3339；省略则为现在",
	"flag.status.url": "服务地址，例如 http://pki.gov.example",
	"flag.status.dir": "本机 CA 或节点的目录",

	"usage.status.where": "请指明询问对象：--url 地址 或 --dir 目录，二者择一",

	"status.then":       "%s 在 %s：%s",
	"status.reason":     "原因：%s，自 %s 起",
	"status.invalidity": "自 %s 起可疑",
	"status.until":      "证书有效期至 %s",
	"status.proof":      "依据：日志第 %d 条，%s，%s",
	"status.copy":       "由副本答复，其内容完整至 %s",

	"error.state.question":          "问题的格式不对",
	"error.state.question.remedy":   "请按 /status/签发者/序列号?at=2026-01-02T03:04:05Z 的形式询问",
	"error.state.time":              "时刻的格式不对",
	"error.state.time.remedy":       "请写作 2026-01-02T03:04:05Z",
	"error.status.issuer":           "证书中没有签发者的标识",
	"error.status.issuer.remedy":    "请给出签发者：onecert status 签发者 证书文件",
	"error.status.rewound":          "状态日志的来源比本副本短（{}）",
	"error.status.rewound.remedy":   "来源可能从旧备份恢复：请先让 CA 接收已发布列表中的吊销（onecert backup catch-up），再从空数据库重建副本",
	"error.status.forked":           "状态日志的来源已不是本副本所复制的日志（{}）",
	"error.status.forked.remedy":    "来源可能从备份恢复：请先让 CA 接收已发布列表中的吊销（onecert backup catch-up），再从空数据库重建副本",
	"error.status.leased":           "另一个进程正在维护这份状态日志副本",
	"error.status.leased.remedy":    "请先结束该进程",
	"error.crl.write":               "吊销列表无法写入，继续提供此前的列表（{}）",
	"error.crl.write.remedy":        "请检查目录的空间和权限，系统会自动重试",
	"error.journal.folder":          "该目录不是 CA 或节点的目录（{}）",
	"error.journal.folder.remedy":   "请给出含有 ca.yaml 或 node.yaml 的目录",
	"error.journal.database":        "数据库无法打开（{}）",
	"error.journal.database.remedy": "请检查数据库是否存在并可读",
}
