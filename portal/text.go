package portal

// text returns a text of the site; a key that is missing shows itself, and fails a test.
func text(lang, key string) string {
	if words, ok := texts()[key]; ok {
		if lang == "en" {
			return words.en
		}
		return words.zh
	}
	return key
}

type words struct{ zh, en string }

// texts are all texts of the site. What is wrong stands under its error's code.
func texts() map[string]words {
	return map[string]words{
		"operator": {"网络信任服务", "Network trust service"}, "service": {"证书服务", "certificate service"},
		"nav": {"导航", "Navigation"}, "nav.lookup": {"证书查询", "Look up"}, "nav.authorities": {"CA 证书与 CRL", "CA certificates"},
		"nav.about": {"服务介绍", "About"}, "nav.apply": {"办理指南", "How to apply"}, "nav.announcements": {"公告", "News"}, "nav.rules": {"业务规则", "Rules"},
		"nav.help": {"帮助", "Help"}, "nav.downloads": {"下载", "Downloads"}, "nav.developers": {"应用接入", "For builders"},
		"nav.self": {"自助服务", "Self-service"}, "nav.console": {"工作人员入口", "For officers"}, "skip": {"跳到正文", "Skip to the content"},
		"delayed": {"本站数据更新延迟，所示状态截至", "This site's data is late; states are as of"},
		"footer":  {"时间均为北京时间（UTC+8）。", "Times are Beijing time (UTC+8)."}, "asof": {"数据截至", "Data as of"},
		"again": {"再查一次", "Look up another"}, "back": {"首页", "Home"},

		"home.title": {"一证在手，一网通行", "One certificate for every service"},
		"home.do":    {"您要办什么？", "What would you like to do?"}, "home.apply": {"个人、机构、设备和代码签名证书：谁能办、带什么、怎么走、去哪里。", "For people, organisations, devices and code: who can, what to bring, the steps, and where."},
		"home.renew": {"到期前 90 天起可自助续期", "Renew it yourself from 90 days before it ends"}, "home.renew.title": {"证书快到期了", "It is about to end"},
		"home.broken.title": {"证书用不了", "It does not work"}, "home.broken": {"按您看到的现象查找原因和办法。", "Find cause and remedy by what you see."},
		"home.news": {"最新公告", "Latest news"}, "home.news.all": {"全部公告", "All news"},
		"home.what": {"本服务为个人、机构、设备和软件发布者签发数字证书，用于登录、签名和加密。支持国密算法（SM2、SM3、SM4）双证书和国际算法（RSA、ECDSA）。",
			"This service issues digital certificates to people, organisations, devices and publishers of software, for logging in, signing and encrypting: dual certificates of the national algorithms (SM2, SM3, SM4) and those of the international ones (RSA, ECDSA)."},
		"home.lookup": {"上传证书文件，或输入序列号、持有者编号，查看证书是否有效及其完整经历。",
			"Bring a certificate file, or enter its serial number or its holder's id, and see whether it is valid and what happened to it."},
		"home.authorities": {"下载根证书和签发 CA 证书，核对指纹，获取证书撤销列表。", "Download the certificates of root and issuing CAs, compare fingerprints, get revocation lists."},
		"home.lost.title":  {"密钥丢失了", "Your key is lost"},
		"home.lost": {"请立即挂失。挂失即刻生效，之后可以解冻或注销。",
			"Report it at once. The certificate is frozen immediately, and can be released or revoked later."},
		"home.check.title": {"程序如何查询？", "How do programs ask?"},
		"home.check": {"证书中写有 OCSP 和 CRL 的地址；也可用 GET /status/{签发者}/{序列号}?at=时间 查询某一时刻的状态。",
			"Certificates name the addresses of OCSP and CRL; GET /status/{issuer}/{serial}?at=TIME tells the state at a moment."},

		"sheet.more": {"相关页面", "More of this"}, "sheet.contents": {"本页内容", "On this page"},
		"board.never":    {"暂时无法取得内容，请稍后再来。", "The contents cannot be had at the moment. Come back later."},
		"board.late":     {"暂时无法从注册机构更新，以下内容截至", "No news from the registration at the moment; what follows is as of"},
		"board.asof":     {"内容截至", "As of"},
		"news.none":      {"现在没有公告。", "There are no announcements now."},
		"news.published": {"发布时间", "Published"}, "news.ends": {"有效期至", "Until"}, "news.all": {"返回公告列表", "All announcements"},
		"rules.title": {"业务规则与证书策略", "Rules of the service and certificate policies"},
		"rules.what": {"电子认证业务规则说明本服务如何签发和管理证书，证书策略说明各类证书的适用范围。每一版经两人审批后发布，发布后不再改动；请用 SHA-256 核对下载的文件。",
			"The practice statement says how this service issues and manages certificates, a certificate policy what a sort of certificates is good for. Two people approve each edition, and none is changed afterwards; compare what you download by its SHA-256."},
		"rules.none": {"还没有发布业务规则。", "No rules have been published yet."}, "rules.edition": {"版本", "Edition"}, "rules.name": {"类别", "Kind"}, "rules.oid": {"对象标识符", "OID"},
		"rules.begins": {"生效日期", "In force from"}, "rules.file": {"文件", "File"}, "rules.now": {"现行", "In force"}, "rules.not": {"非现行", "Not in force"},
		"rules.practice-statement": {"电子认证业务规则", "Practice statement"}, "rules.certificate-policy": {"证书策略", "Certificate policy"},
		"downloads.ca": {"根证书与 CA 证书", "Root and CA certificates"}, "downloads.ca.what": {"安装前请先核对指纹：", "Compare fingerprints before you install one:"}, "downloads.ca.how": {"安装方法：", "How to install them:"},
		"downloads.rules": {"现行业务规则", "Rules in force"}, "downloads.driver": {"介质驱动", "Drivers of tokens"},
		"downloads.driver.what": {"驱动程序随介质由注册机构提供，本站不转发；请只使用注册机构给您的安装包。", "The driver comes with the token from your registration office; this site passes none on. Use only the package your office gave you."},
		"downloads.form":        {"申请表", "Application forms"}, "downloads.form.what": {"申请表由受理点在登记时按您的信息打印，签字或盖章即可，无需提前下载。", "The counter prints the form with what you told it; you sign or seal it there. Nothing needs to be downloaded before."},
		"api.title": {"接口文档（OpenAPI 3.1）", "Interface documents (OpenAPI 3.1)"}, "api.name": {"接口", "Interface"}, "api.count": {"操作数", "Operations"}, "api.more": {"使用说明：", "How to use them:"},
		"lookup.file": {"用证书文件查询", "By file"}, "lookup.file.label": {"证书文件（可将文件拖到此处）", "Certificate file (may be dropped here)"},
		"lookup.file.hint": {"支持 .cer、.crt、.pem、.p7b 文件。文件只用于本次查询，不会保存。请勿上传含私钥的 .pfx、.p12 文件。",
			".cer, .crt, .pem or .p7b. The file is looked at and not kept. Never upload .pfx or .p12 files: they hold a private key."},
		"lookup.serial": {"用序列号查询", "By serial number"}, "lookup.serial.label": {"序列号（十六进制）", "Serial number (hexadecimal)"},
		"lookup.issuer": {"签发者", "Issuer"}, "lookup.any": {"任意", "any"},
		"lookup.holder": {"用持有者编号查询", "By holder id"}, "lookup.holder.label": {"持有者编号", "Holder id"},
		"lookup.holder.hint": {"编号在证书主题的 serialNumber 中，不是身份证号。请勿输入身份证号。", "It stands in the certificate's subject as serialNumber. It is no identity number; never enter one."},
		"lookup.go":          {"查询", "Look up"},

		"certificate": {"证书状态", "State of a certificate"}, "subject": {"主题", "Subject"}, "issuer": {"签发者", "Issuer"}, "serial": {"序列号", "Serial number"},
		"unpublished": {"此证书未公开，仅显示状态", "This certificate is not published; only its state is shown"},
		"notbefore":   {"生效时间", "Valid from"}, "notafter": {"失效时间", "Valid until"}, "since": {"自", "Since"}, "reason": {"原因", "Reason"}, "role": {"用途", "Use"}, "state": {"状态", "State"},
		"life": {"证书经历", "What happened to it"}, "life.time": {"时间", "Time"}, "life.event": {"事件", "Event"}, "life.number": {"日志序号", "Journal number"},
		"chain": {"证书链", "Chain"}, "chain.download": {"下载证书链（PEM）", "Download the chain (PEM)"},
		"holder.title": {"持有者的证书", "A holder's certificates"}, "holder.none": {"没有此编号的公开证书。", "No published certificate has this holder id."},

		"state.valid": {"有效", "Valid"}, "state.held": {"已冻结", "Frozen"}, "state.revoked": {"已撤销", "Revoked"}, "state.expired": {"已过期", "Expired"}, "state.reserved": {"尚未签发", "Not issued"},
		"state.valid.means":    {"可以信任，除非您的用途另有要求。", "It can be trusted, unless your use demands more."},
		"state.held.means":     {"暂停使用，请勿信任；之后可能恢复。", "It is suspended; do not trust it now. It may come back."},
		"state.revoked.means":  {"永久失效，请勿信任。", "It has ended for good; do not trust it."},
		"state.expired.means":  {"有效期已过。此前的签名仍可验证。", "Its validity is over. Signatures made before can still be verified."},
		"state.reserved.means": {"序列号已预留，证书尚未签发。", "Its serial number is reserved; no certificate exists."},
		"event.issued":         {"签发", "Issued"}, "event.held": {"冻结", "Frozen"}, "event.released": {"解冻", "Released"}, "event.revoked": {"撤销", "Revoked"},
		"role.single": {"签名", "Signing"}, "role.sign": {"签名", "Signing"}, "role.encrypt": {"加密", "Encryption"},

		"reason.unspecified": {"未说明", "unspecified"}, "reason.keyCompromise": {"密钥泄露", "key compromise"}, "reason.cACompromise": {"CA 泄露", "CA compromise"},
		"reason.affiliationChanged": {"信息变更", "affiliation changed"}, "reason.superseded": {"已被取代", "superseded"}, "reason.cessationOfOperation": {"停止使用", "cessation of operation"},
		"reason.certificateHold": {"冻结", "hold"}, "reason.removeFromCRL": {"解冻", "released"}, "reason.privilegeWithdrawn": {"权限收回", "privilege withdrawn"}, "reason.aACompromise": {"属性授权泄露", "AA compromise"},

		"authorities.hint": {"安装根证书前，请通过另一渠道（如电话、公文）核对指纹。", "Before you install a root certificate, compare its fingerprint by another way, such as telephone or letter."},
		"authorities.own":  {"CA 证书", "The CA's certificate"}, "authorities.above": {"上级证书", "Certificate above it"}, "authorities.download": {"下载：", "Download:"},
		"authorities.lists": {"证书撤销列表：", "Revocation lists:"}, "authorities.complete": {"完整", "complete"}, "authorities.delta": {"增量", "delta"},

		"authority": {"CA 证书", "A CA's certificate"}, "authority.root": {"本平台的根证书", "A root certificate of this platform"}, "authority.issuing": {"本平台签发 CA 的证书", "The certificate of an issuing CA of this platform"},
		"authority.between":       {"本平台中级 CA 的证书", "The certificate of an intermediate CA of this platform"},
		"authority.former":        {"由本平台的 CA 签发，但不属于正在服务的 CA", "Signed by a CA of this platform, of none of the CAs in service"},
		"authority.root.means":    {"它由自身签名，安装前请通过另一渠道核对指纹。", "It is signed by itself: compare its fingerprint by another way before you install it."},
		"authority.issuing.means": {"它用于签发证书，不是持有者的证书。", "It issues certificates; it is no holder's."},
		"authority.between.means": {"它位于签发 CA 与根之间，不是持有者的证书。", "It stands between an issuing CA and its root; it is no holder's."},
		"authority.former.means":  {"可能是已退出服务的 CA 或交叉证书，请向运营者核实。", "It may be of a CA that was retired, or a cross certificate; ask the operator."},
		"authority.used":          {"所属签发链", "In the chain of"},
		"authority.list":          {"在上级 CA 的撤销列表中", "On the list of the CA above it"},
		"authority.list.none":     {"根证书没有上级，不在任何撤销列表中；只有指纹能证明它。", "A root has nobody above it and is on nobody's list; its fingerprint alone proves it."},
		"authority.list.not":      {"未被撤销：不在上级 CA 当前的撤销列表中。", "Not revoked: it is not on the current list of the CA above it."},
		"authority.list.yes":      {"已被撤销：请勿信任由它签发的任何证书。", "Revoked: trust nothing that it has issued."},
		"authority.list.missing":  {"本站没有上级 CA 当前有效的撤销列表，无法说明它是否已被撤销；请从下列地址获取。", "This site has no current list of the CA above it and cannot say whether it is revoked; get the list from its address."},
		"authority.above":         {"上级 CA", "The CA above it"}, "authority.asof": {"列表签发于", "List made at"}, "authority.address": {"列表地址", "Address of the list"},
		"wrong.title": {"没有结果", "No result"}, "wrong.internal": {"服务出错，请稍后再试。", "Something failed here. Try again later."},
		"wrong.portal.page":         {"没有这个页面。", "There is no such page."},
		"wrong.portal.certificate":  {"本服务没有签发过此序列号的证书。请与证书上的序列号核对（十六进制）。", "No certificate with this serial number was issued here. Compare it with the certificate's own; it is hexadecimal."},
		"wrong.portal.serial":       {"这不是序列号。序列号最多 40 位十六进制数字。", "This is no serial number. It has at most 40 hexadecimal digits."},
		"wrong.portal.holder":       {"这不是持有者编号。编号在证书主题的 serialNumber 中；请勿输入身份证号。", "This is no holder id. It stands in the certificate's subject as serialNumber; never enter an identity number."},
		"wrong.portal.foreign":      {"此证书不是本服务签发的。请向证书中写明的签发者查询。", "This certificate was not issued here. Ask the issuer named in it."},
		"wrong.portal.upload":       {"没有收到证书文件。请选择不超过 128 KiB 的文件。", "No certificate came along. Choose a file of at most 128 KiB."},
		"wrong.portal.file":         {"该文件不是证书。请选择 .cer、.crt、.pem 或 .p7b 文件；.pfx、.p12 文件含私钥，请勿外传。", "The file is not a certificate. Choose a .cer, .crt, .pem or .p7b file; .pfx and .p12 hold a private key and must not be given away."},
		"wrong.portal.rule":         {"该文件暂时无法提供，请稍后再试。", "The file is not at hand. Try again in some minutes."},
		"wrong.portal.read":         {"证书无法读取。", "The certificate cannot be read."},
		"wrong.storage.unavailable": {"数据库暂时不可用，请稍后再试。", "The database does not answer. Try again later."},
	}
}
