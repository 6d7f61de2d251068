package main

// The texts of onecert node in both languages; read only.
var englishNode = table{
	"cmd.node":            "Tell relying parties whether certificates are good (OCSP, CRL, LDAP, portal)",
	"cmd.node.init":       "Make key, request and configuration of a node of status",
	"cmd.node.init.long":  "Make a folder with everything a node of status needs but its certificate, which comes from the CA with a one-time code of role node. A node keeps its own copy of the CA's journal and answers from it: OCSP, lists, directory, look-up and the public site, at the centre or in a province, also while the way to the CA is cut. --observe makes it ask all of them from outside each minute as well.",
	"cmd.node.enrol":      "Turn a one-time code into the node's certificate",
	"cmd.node.enrol.long": "Send the request that init made to the CA named in the configuration. The code is of role node: a node may follow the journal, fetch what is published and order what its answers are signed with, and nothing else.",
	"cmd.node.serve":      "Serve a node of status",
	"cmd.node.serve.long": "Follow the CA and answer until told to stop. The first start needs the CA; later ones begin with what was kept.",

	"flag.init.canaries":     "make issuers of canaries as well, for an observer",
	"flag.node.ca":           "address of the CA's API",
	"flag.node.public":       "address of plain HTTP: OCSP, lists, CA certificates, look-up, public site",
	"flag.node.ldap":         "address of the directory; none if left out",
	"flag.node.base":         "DN the directory stands under",
	"flag.node.operator":     "whose service it is, as people know it",
	"flag.node.registration": "address of a registration's self-service, whose announcements and rules the public site shows",
	"flag.node.self-service": "where the public site sends holders",
	"flag.node.console":      "where the public site sends officers",
	"flag.node.observe":      "ask all services from outside each minute (needs issuers of canaries at the CA)",

	"init.node.done":      "The node is made in %s. Its keys are encrypted with the file passphrase there.",
	"init.node.addresses": "The addresses in issued certificates (crl, aia, ocsp of each issuer) have to lead to http://%s/crl, /aia and /ocsp.",

	"health.node.ok": "in order", "health.node.warning": "needs a look", "health.node.failing": "fails",
	"health.node.warning.remedy": "see the log of the node", "health.node.failing.remedy": "see the log of the node",
}

var chineseNode = table{
	"cmd.node":            "向依赖方提供证书状态（OCSP、CRL、LDAP、门户）",
	"cmd.node.init":       "生成状态节点的密钥、证书申请和配置",
	"cmd.node.init.long":  "生成状态节点所需的一切（证书除外，证书用角色为 node 的一次性代码向 CA 申领）。节点保存 CA 日志的副本并据此应答：OCSP、CRL、目录、查询和公众网站；可设在中心或省里，与 CA 的线路中断时仍能服务。--observe 另使其每分钟从外部检查这些服务。",
	"cmd.node.enrol":      "用一次性代码换取节点证书",
	"cmd.node.enrol.long": "将 init 生成的申请发给配置中的 CA。代码的角色为 node：节点只能跟随日志、获取公开内容、申领应答签名证书，别无其他权限。",
	"cmd.node.serve":      "运行状态节点",
	"cmd.node.serve.long": "跟随 CA 并应答，直到停止。首次启动需要 CA；以后可凭已保存的内容启动。",

	"flag.init.canaries":     "同时建立探测证书的签发者，供观察者使用",
	"flag.node.ca":           "CA 接口地址",
	"flag.node.public":       "明文 HTTP 地址：OCSP、CRL、CA 证书、查询、公众网站",
	"flag.node.ldap":         "目录服务地址；省略则不提供",
	"flag.node.base":         "目录的根 DN",
	"flag.node.operator":     "服务的主办单位名称",
	"flag.node.registration": "注册机构自助服务的地址，公众网站展示其公告和业务规则",
	"flag.node.self-service": "公众网站上自助服务的链接",
	"flag.node.console":      "公众网站上工作人员入口的链接",
	"flag.node.observe":      "每分钟从外部检查各项服务（CA 须有探测证书的签发者）",

	"init.node.done":      "节点已生成于 %s，密钥用其中的 passphrase 文件加密。",
	"init.node.addresses": "证书中的地址（各签发者的 crl、aia、ocsp）须指向 http://%s/crl、/aia 和 /ocsp。",

	"health.node.ok": "正常", "health.node.warning": "需要查看", "health.node.failing": "异常",
	"health.node.warning.remedy": "查看节点日志", "health.node.failing.remedy": "查看节点日志",
}
