package main

// The texts of onecert demo; read only.
var englishDemo = table{
	"cmd.demo":            "Start the whole tree with throw-away keys",
	"cmd.demo.long":       "Start CA and key management centre in one process on loopback, with throw-away keys and invented people, officers and devices. When all is ready DIR/demo.json says where everything is. Start it again on the same folder to go on with the same data.\n\nExample: onecert demo --dir demo --walk",
	"flag.demo.dir":       "folder of the demo's data (made if missing)",
	"flag.demo.listen":    "address to listen on",
	"flag.demo.port-base": "first port; 0 takes free ones",
	"flag.demo.quiet":     "say nothing; demo.json tells when it is ready",
	"flag.demo.walk":      "walk the journeys against it, print each step, and stop",
	"flag.demo.verbose":   "write the log to standard error",
}

var chineseDemo = table{
	"cmd.demo":            "用一次性密钥启动整套系统",
	"cmd.demo.long":       "在一个进程中、于本机回环地址上启动 CA 与密钥管理中心，使用一次性密钥和虚构的人员、管理员与设备。全部就绪后，DIR/demo.json 列出各个入口。在同一目录再次启动，将沿用已有数据。\n\n示例：onecert demo --dir demo --walk",
	"flag.demo.dir":       "演示数据的目录（没有则创建）",
	"flag.demo.listen":    "监听地址",
	"flag.demo.port-base": "起始端口；0 表示使用空闲端口",
	"flag.demo.quiet":     "不输出任何内容；demo.json 出现即表示就绪",
	"flag.demo.walk":      "对演示系统走一遍业务流程，逐步输出结果后退出",
	"flag.demo.verbose":   "将日志写到标准错误",
}
