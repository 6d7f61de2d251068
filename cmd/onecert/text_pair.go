package main

// The texts of onecert pair in both languages; read only.
var englishPair = table{
	"cmd.pair":            "Get a component the pair of certificates it speaks TLCP to the others with",
	"cmd.pair.enrol":      "Turn a one-time code of the CA into the pair of a key management centre or a node",
	"cmd.pair.enrol.long": "Send the CA a request for the pair's signing key, which 'init --link tlcp' made, and put away both certificates and the encryption key, which the key management centre makes and seals to the signing key. The code is of the role the component has already (site or node), under the same name. All of it goes over TLS: the pair comes before the first TLCP connection. A pair that has expired is enrolled anew in the same way.",
	"cmd.pair.join":       "Register a CA's pair at its key management centre with a one-time code",
	"cmd.pair.join.long":  "The running CA makes its own pair as soon as its key management centre answers. This registers it there, with a code of the role site that the centre's security administrator made under the CA's name, so that the CA may come over TLCP.",

	"flag.init.link":   "what the component is to speak to the others: tls, or tlcp, for which a key is made; the configuration's protocol stays tls until the pair is there",
	"flag.pair.server": "address of the CA's API (default: the configuration's ca)",

	"pair.enrolled": "The pair of %s is there, good until %s.",
	"pair.joined":   "The pair is registered as %s (%s).",
	"pair.next":     "To speak TLCP set 'protocol: tlcp' in %s and start the component anew, once those it calls have their pairs as well.",
}

var chinesePair = table{
	"cmd.pair":            "为部件取得与其他部件之间使用 TLCP 所需的双证书",
	"cmd.pair.enrol":      "用 CA 的一次性注册码为密钥管理中心或状态节点取得双证书",
	"cmd.pair.enrol.long": "以“init --link tlcp”生成的签名密钥向 CA 申请，保存两张证书以及加密密钥；加密密钥由密钥管理中心生成，并以签名密钥加封。注册码的角色（site 或 node）和名称与该部件现有的相同。全过程使用 TLS：双证书先于第一条 TLCP 连接。过期的双证书以同样方式重新取得。",
	"cmd.pair.join":       "用一次性注册码在密钥管理中心登记 CA 的双证书",
	"cmd.pair.join.long":  "运行中的 CA 在密钥管理中心可用后即为自己生成双证书。本命令用中心安全管理员以该 CA 的名称生成的注册码（角色 site）在那里登记，此后 CA 可通过 TLCP 访问中心。",

	"flag.init.link":   "部件之间使用的协议：tls 或 tlcp（为此生成密钥）；取得双证书之前配置中的 protocol 仍为 tls",
	"flag.pair.server": "CA 接口的地址（默认：配置中的 ca）",

	"pair.enrolled": "%s 的双证书已就位，有效期至 %s。",
	"pair.joined":   "双证书已登记为 %s（%s）。",
	"pair.next":     "要使用 TLCP，请在所访问的部件也有双证书之后，在 %s 中设置“protocol: tlcp”并重新启动该部件。",

	"error.init.link":                   "--link 既不是 tls 也不是 tlcp，或者没有国密签发者",
	"error.init.link.remedy":            "使用 tls 或 tlcp；tlcp 需要 --families 中含 sm2",
	"error.config.protocol":             "protocol 既不是 tls 也不是 tlcp",
	"error.config.protocol-pair":        "protocol 为 tlcp，但没有给出 pair",
	"error.config.protocol-pair.remedy": "请给出 pair（sign_key、encrypt_key 和 certificate）；“init --link tlcp”会写好",
	"error.config.pair":                 "双证书与其密钥不配套，或不完整",
	"error.config.pair.remedy":          "请放回配套的文件，或重新取得双证书",
	"error.config.pair-hardware":        "pair.encrypt_key 在硬件中；它装在数字信封里送达，保存在加密文件中",
	"error.config.pair-hardware.remedy": "请写作 file:keys/pair-encrypt.pem?pass=file:passphrase",
	"error.link.protocol":               "配置为 protocol: tlcp，但还没有双证书",
	"error.link.protocol.remedy":        "请先以 protocol: tls 启动，取得双证书（“onecert pair enrol”；CA 自行生成），再设置 tlcp",
	"error.link.pair":                   "该 CA 还没有双证书",
	"error.link.pair.remedy":            "运行中的 CA 在密钥管理中心可用后自行生成；原因见其日志",
	"error.link.none":                   "配置中没有 pair，或没有给出密钥管理中心的地址",
	"error.link.none.remedy":            "请按 deploy/ca.yaml 所示加上 pair，并先接入密钥管理中心：“onecert ca link”",
	"error.pair.none":                   "配置中没有 pair，或没有可申请的 CA",
	"error.pair.none.remedy":            "请按 deploy/ 所示加上 pair 及 sign_key",
	"error.pair.single":                 "CA 的答复中没有双证书",
	"error.pair.single.remedy":          "请检查 CA 及其密钥管理中心是否为此版本",
	"error.pair.untold":                 "原双证书已过期，密钥管理中心还不知道新的双证书",
	"error.pair.untold.remedy":          "请用注册码登记：“onecert pair join”",
	"error.enrolment.pair":              "TLCP 双证书只发给部件，而该注册码的角色是人员",
	"error.enrolment.pair.remedy":       "请去掉 pair",
}
