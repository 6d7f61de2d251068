package main

// The texts of onecert system in both languages; read only.
var englishSystem = table{
	"cmd.system":      "Tell how a component stands: health, certificates, database, backups, process",
	"cmd.system.long": "Ask a component over the network how it stands: since when it runs, each check of its health with the time of its last change, its own certificates and when they renew, database, last backup and process. For the system, security and audit administrators; a node of status answers every officer of its CA. 'onecert health' looks at a component on its machine, also one that does not run.",

	"flag.system.at":   "which component of the identity: ca, kmc, ra or gateway",
	"flag.system.node": "address of a node of status, https://host:port, instead of --at",

	"system.ready":           "ready",
	"system.unready":         "NOT ready",
	"system.version":         "version %s, running since %s",
	"system.since":           "since %s",
	"system.certificate":     "good until %s",
	"system.renews":          ", renews itself at %s",
	"system.database":        "database: %s, %s (%s)",
	"system.backup":          "last backup: %s, %s; not tried in a drill",
	"system.backup.verified": "last backup: %s, %s; restored in a drill",
	"system.backup.none":     "last backup: none known",
	"system.process":         "process: %s of processor time, %s of memory, %d goroutines, %d open files",
	"system.disk":            "disk of %s: %s free of %s",
}

var chineseSystem = table{
	"cmd.system":      "查看组件运行状况：健康、证书、数据库、备份、进程",
	"cmd.system.long": "通过网络询问组件的运行状况：何时启动，各项健康检查及其最近变化时间，自身证书及自动更新时间，数据库、最近备份和进程。供系统、安全、审计管理员使用；状态节点对本 CA 的所有操作人员应答。“onecert health”在组件所在机器上查看，组件未运行时也可用。",

	"flag.system.at":   "身份对应的哪个组件：ca、kmc、ra 或 gateway",
	"flag.system.node": "状态节点的地址，https://主机:端口，代替 --at",

	"system.ready":           "就绪",
	"system.unready":         "未就绪",
	"system.version":         "版本 %s，自 %s 运行",
	"system.since":           "自 %s",
	"system.certificate":     "有效期至 %s",
	"system.renews":          "，将于 %s 自动更新",
	"system.database":        "数据库：%s，%s（%s）",
	"system.backup":          "最近备份：%s，%s；未经演练验证",
	"system.backup.verified": "最近备份：%s，%s；已在演练中恢复",
	"system.backup.none":     "最近备份：没有记录",
	"system.process":         "进程：处理器时间 %s，内存 %s，协程 %d 个，打开文件 %d 个",
	"system.disk":            "%s 所在磁盘：剩余 %s，共 %s",
}
