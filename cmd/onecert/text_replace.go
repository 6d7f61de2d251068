package main

// The texts of replacing what an issuing CA has issued, in both languages; read only.
var englishReplace = table{
	"cmd.ca.reissue-all":         "Propose to issue anew under another issuing CA what one has issued",
	"cmd.ca.reissue-all.long":    "For the day an issuing CA's key was stolen, after a ceremony has revoked it and made another (docs/stolen-issuing-ca.md). Everything the old one issued that is good is issued anew by the new one, in the same keys, names and validity, and the old certificates are revoked as superseded; the encryption keys stay, so no old file is lost. The security and the audit administrator have to agree; then it runs by itself, across restarts, and 'reissue-status' shows how far it is.",
	"cmd.ca.reissue-status":      "Show how replacements stand, and what they missed",
	"cmd.ca.reissue-status.long": "Show every replacement, or one by its ID (that of its approval): how many are done, had ended before, or could not be issued anew, the time and the rate. With --missed those are listed with the reason.",
	"flag.reissue-all.from":      "the issuing CA that is replaced",
	"flag.reissue-all.to":        "the issuing CA that takes over, of the same family of algorithms",
	"flag.reissue-status.missed": "list what could not be issued anew, and why",
	"flag.reissue-status.wait":   "show progress until it has ended",
	"usage.reissue-status":       "--missed and --wait go with an ID",
	"reissue.progress":           "%s → %s: %d of %d orders looked at: %d issued anew, %d had ended before, %d missed; %.1f s, %.0f/s.",
	"reissue.ended":              "Ended %s.",
	"reissue.none":               "no issuing CA was ever replaced",
	"column.why":                 "WHY",
	"operation.issuer.replace":   "replacement of an issuing CA",
	"health.replacement.done":    "%s orders issued anew", "health.replacement.running": "is running, %s orders issued anew", "health.replacement.missed": "%s orders issued anew, some missed",
	"health.replacement.missed.remedy": "see 'onecert ca reissue-status ID --missed', settle them, and order it again", "health.replacement.running.remedy": "see 'onecert ca reissue-status ID --wait'",
}

var chineseReplace = table{
	"cmd.ca.reissue-all":         "提议由另一签发 CA 重新签发某签发 CA 的全部证书",
	"cmd.ca.reissue-all.long":    "用于签发 CA 的密钥被盗之日，在仪式吊销它并做出新的签发 CA 之后（docs/stolen-issuing-ca.md）。旧 CA 签发且仍有效的证书由新 CA 以相同的密钥、名称和有效期重新签发，旧证书以“被取代”吊销；加密密钥不变，旧文件都能打开。须经安全管理员和审计管理员同意，之后自动进行，重启后继续，用 reissue-status 查看进度。",
	"cmd.ca.reissue-status":      "显示重新签发的进度和未能重新签发的证书",
	"cmd.ca.reissue-status.long": "显示所有批量重新签发，或按编号（即审批编号）显示一个：已完成、此前已终止、未能重新签发的数目，以及用时和速率。用 --missed 列出未能重新签发的及其原因。",
	"flag.reissue-all.from":      "被替换的签发 CA",
	"flag.reissue-all.to":        "接替的签发 CA，算法族须相同",
	"flag.reissue-status.missed": "列出未能重新签发的及其原因",
	"flag.reissue-status.wait":   "显示进度直到结束",
	"usage.reissue-status":       "--missed 和 --wait 须与编号同用",
	"reissue.progress":           "%s → %s：已查看 %d/%d 个申请：重新签发 %d，此前已终止 %d，未能 %d；%.1f 秒，每秒 %.0f 个。",
	"reissue.ended":              "%s 结束。",
	"reissue.none":               "从未替换过签发 CA",
	"column.why":                 "原因",
	"operation.issuer.replace":   "替换签发 CA",
	"health.replacement.done":    "已重新签发 %s 个申请", "health.replacement.running": "正在进行，已重新签发 %s 个申请", "health.replacement.missed": "已重新签发 %s 个申请，有未能重新签发的",
	"health.replacement.missed.remedy": "请看 onecert ca reissue-status ID --missed，处理后再次提出", "health.replacement.running.remedy": "请看 onecert ca reissue-status ID --wait",

	"error.replace.issuers":        "这两个签发者不能相互接替（{}）",
	"error.replace.issuers.remedy": "请指定两个不同的签发 CA",
	"error.replace.running":        "该签发 CA 的替换正在进行（{}）",
	"error.replace.running.remedy": "请查看其进度",
	"error.replace.held":           "该证书已冻结",
	"error.replace.held.remedy":    "请先解冻或吊销，再次提出替换",
	"error.replace.unknown":        "没有这个替换（{}）",
	"error.replace.unknown.remedy": "用 onecert ca reissue-status 列出；获得同意后才开始",
}
