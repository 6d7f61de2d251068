package pages

// message is what one code means: to people, and as statuses of HTTP and gRPC.
type message struct {
	status, grpc int
	title, what  Words
	do           []Words
	again        bool // another certificate, or the same again, may help
	check        bool // the check page may help
	stay         bool // never sent to the administrator's page
}

// messages are all codes. What happened comes first, then what to do, in order of what
// helps most people.
func messages() map[string]message {
	renew := Words{"请联系您的注册机构更新证书；更新后重新打开浏览器再访问。", "Ask your registration office to renew the certificate; then reopen the browser and come back."}
	apply := Words{"还没有证书：请向您单位的注册机构申请。", "If you have no certificate yet, apply for one at your registration office."}
	other := Words{"如果您还有别的有效证书，可以换用该证书登录。", "If you have another certificate that is valid, log in with that one."}
	later := Words{"请稍后再试。", "Try again later."}
	call := Words{"如果仍有问题，请联系下面的联系人，并告知请求编号。", "If it happens again, call the contact below and quote the request id."}
	return map[string]message{
		NoCertificate: {status: 403, grpc: 16, again: true, check: true,
			title: Words{"没有收到证书", "No certificate arrived"},
			what: Words{"浏览器没有出示数字证书，无法确认您的身份。最常见的原因是证书已过期：浏览器不会提供已过期、尚未生效或用途不符的证书。",
				"The browser showed no certificate, so we cannot tell who you are. Most often the certificate has expired: browsers do not offer one that is expired, not yet valid or meant for something else."},
			do: []Words{
				{"先查看证书的有效期：打开 USB 密钥的管理工具，或浏览器的证书列表。已过期的，请联系您的注册机构更新。", "First look at the certificate's validity, in the tool of your USB key or the browser's list of certificates. If it has expired, ask your registration office to renew it."},
				{"确认 USB 密钥已插好，驱动程序已安装。", "See that the USB key is plugged in and its driver is installed."},
				{"如果刚才在选择证书时点了“取消”，请关闭浏览器的全部窗口，重新打开后再访问。", "If you pressed “Cancel” when asked for a certificate, close all windows of the browser, open it again and come back."},
				apply,
			}},
		Malformed: {status: 403, grpc: 16, again: true, check: true,
			title: Words{"证书无法读取", "The certificate cannot be read"},
			what:  Words{"收到了证书，但其内容不符合证书格式。", "A certificate arrived, but its content is not in the form of one."},
			do:    []Words{other, {"请联系您的注册机构检查或重新签发证书。", "Ask your registration office to check the certificate or issue it again."}}},
		Expired: {status: 403, grpc: 16, again: true, check: true,
			title: Words{"证书已过期", "The certificate has expired"},
			what:  Words{"您出示的证书有效期已过，不能再用于登录。", "The validity of the certificate you showed is over; it cannot be used to log in any more."},
			do:    []Words{renew, other}},
		NotYetValid: {status: 403, grpc: 16, again: true, check: true,
			title: Words{"证书尚未生效", "The certificate is not valid yet"},
			what:  Words{"您出示的证书还没有到生效时间。", "The certificate you showed is not valid yet."},
			do:    []Words{{"请在证书生效之后再访问。", "Come back when its validity has begun."}, {"如果证书早应生效，请联系您的注册机构。", "If it should be valid by now, call your registration office."}, other}},
		Revoked: {status: 403, grpc: 16, again: true, check: true,
			title: Words{"证书已被撤销", "The certificate is revoked"},
			what:  Words{"您出示的证书已被永久撤销，不能恢复。撤销可能是因为密钥丢失、信息变更，或已换发新证书。", "The certificate you showed has been revoked for good, perhaps because a key was lost, your details changed, or a new one was issued."},
			do:    []Words{{"如果已换发新证书，请使用新证书登录。", "If you got a new certificate, log in with that one."}, {"如果您不知道为何被撤销，请立即联系您的注册机构。", "If you do not know why it was revoked, call your registration office at once."}}},
		Held: {status: 403, grpc: 16, again: true, check: true,
			title: Words{"证书已被冻结", "The certificate is frozen"},
			what:  Words{"您出示的证书已暂停使用，解冻后可以继续使用。", "The certificate you showed is suspended. It can be used again once it is released."},
			do:    []Words{{"如果是您本人挂失的，找回密钥后请联系您的注册机构解冻。", "If you reported it lost and have found the key, ask your registration office to release it."}, {"如果您没有挂失，请联系您的注册机构。", "If you did not report it, call your registration office."}, other}},
		UnknownIssuer: {status: 403, grpc: 16, again: true, check: true,
			title: Words{"不认识证书的签发机构", "The certificate's issuer is not accepted"},
			what:  Words{"您出示的证书有签发者，但本服务不接受该机构签发的证书。", "This service does not accept certificates of the authority that issued yours."},
			do:    []Words{{"请换用本服务接受的机构签发的证书登录。", "Log in with a certificate of an authority this service accepts."}, apply}},
		BrokenChain: {status: 403, grpc: 16, again: true, check: true,
			title: Words{"证书链不成立", "The certificate's chain does not hold"},
			what:  Words{"从您的证书到受信任的根证书之间的证书链不完整或不符合要求。", "The chain from your certificate to a trusted root is incomplete or breaks a rule."},
			do:    []Words{{"请联系您的注册机构，安装完整的证书链。", "Ask your registration office for the complete chain and install it."}, other}},
		WrongUsage: {status: 403, grpc: 16, again: true, check: true,
			title: Words{"证书用途不符", "The certificate is for another use"},
			what:  Words{"您出示的证书不是用于登录的，例如它是加密证书或服务器证书。", "The certificate you showed is not for logging in; it may be an encryption certificate or a server's."},
			do:    []Words{{"请选择签名证书登录：双证书中用于签名的那一张。", "Choose your signing certificate: of a pair of certificates, the one for signatures."}, apply}},
		StatusUnknown: {status: 503, grpc: 14, again: true, check: true,
			title: Words{"暂时无法确认证书状态", "The certificate's status cannot be told now"},
			what:  Words{"本服务没有最新的撤销信息，为了安全，暂不放行。这不是您的证书有问题。", "This service has no current revocation data and lets nobody through without it. Nothing is wrong with your certificate."},
			do:    []Words{later, call}},
		NotAllowed: {status: 403, grpc: 7, again: true,
			title: Words{"您没有访问权限", "You may not go there"},
			what:  Words{"已确认您的身份，但访问规则不允许您访问此处。", "We know who you are, but a rule does not let you in here."},
			do:    []Words{{"如果工作需要，请向联系人申请权限，并告知下面的规则名称和请求编号。", "If you need it for your work, ask the contact for access; quote the rule's name and the request id below."}, other}},
		HigherLevel: {status: 403, grpc: 7, again: true,
			title: Words{"需要更高的认证等级", "A stronger login is needed"},
			what:  Words{"您登录的方式对此处来说不够强。", "The way you logged in is not strong enough for this place."},
			do:    []Words{{"请用更高等级的方式登录，例如使用 USB 密钥中的证书。", "Log in by a stronger way, such as a certificate on a USB key."}, call}},
		IdentityRefused: {status: 403, grpc: 7, again: true, check: true,
			title: Words{"无法向应用传递您的身份", "Your identity cannot be passed on"},
			what:  Words{"您证书中的姓名或其他信息含有应用不能正确识别的字符。为避免把您误认为他人，已停止访问。", "A name in your certificate has characters the application cannot read rightly. So that it takes you for nobody else, you were not let through."},
			do:    []Words{{"请联系下面的联系人，并告知请求编号。", "Call the contact below and quote the request id."}, other}},
		BackEndDown: {status: 502, grpc: 14,
			title: Words{"应用暂时无法访问", "The application is not available"},
			what:  Words{"网关工作正常，但后面的应用没有响应。您的证书没有问题。", "The gateway works, but the application behind it does not answer. Nothing is wrong with your certificate."},
			do:    []Words{later, call}},
		BackEndSlow: {status: 504, grpc: 4,
			title: Words{"应用响应超时", "The application took too long"},
			what:  Words{"后面的应用没有在规定时间内答复。您刚才的操作可能已经完成，也可能没有。", "The application behind the gateway did not answer in time. What you did may or may not have been done."},
			do:    []Words{{"重复操作之前，请先确认上一次是否已经生效。", "Before you do it again, see whether it was done."}, call}},
		NoApplication: {status: 404, grpc: 12,
			title: Words{"没有这个应用", "There is no such application"},
			what:  Words{"这个地址没有对应的应用。", "Nothing is published at this address."},
			do:    []Words{{"请检查地址是否正确。", "Check the address."}, {"地址来自通知或书签的，请联系下面的联系人。", "If it came from a notice or a bookmark, call the contact below."}}},
		TooMany: {status: 429, grpc: 8, stay: true,
			title: Words{"请求过多", "Too many requests"},
			what:  Words{"来自您这里的请求太多，已暂时限制。", "Too many requests came from where you are; they are limited for a while."},
			do:    []Words{later}},
		Stopping: {status: 503, grpc: 14, stay: true,
			title: Words{"网关正在停止", "The gateway is stopping"},
			what:  Words{"网关正在维护或重启。", "The gateway is being maintained or restarted."},
			do:    []Words{{"请过一两分钟再试。", "Try again in a minute or two."}}},
		SessionIdle: {status: 401, grpc: 16,
			title: Words{"登录已超时", "You were away too long"},
			what:  Words{"您有一段时间没有操作，为了安全，登录已结束。", "Nothing was done for a while, so your login has ended."},
			do:    []Words{{"请重新登录。没有保存的内容可能需要重新填写。", "Log in again. What was not saved may have to be entered again."}}},
		SessionExpired: {status: 401, grpc: 16,
			title: Words{"登录已到期", "Your login is over"},
			what:  Words{"一次登录的最长时间已到。", "A login lasts only so long, and yours is over."},
			do:    []Words{{"请重新登录。", "Log in again."}}},
		SessionEnded: {status: 401, grpc: 16,
			title: Words{"登录已被结束", "Your login was ended"},
			what:  Words{"管理员结束了您的登录，或者您的证书已失效。", "An administrator ended your login, or your certificate is not valid any more."},
			do:    []Words{{"如果不清楚原因，请联系下面的联系人。", "If you do not know why, call the contact below."}, {"需要时请重新登录。", "Log in again if you need to."}}},
		LoggedOut: {status: 200, grpc: 16, stay: true, again: true,
			title: Words{"您已退出登录", "You are logged out"},
			what:  Words{"您的登录已结束。浏览器可能仍记着您选择的证书，直到全部窗口关闭。", "Your login has ended. The browser may remember the certificate you chose until all its windows are closed."},
			do:    []Words{{"在公用电脑上，请关闭浏览器的全部窗口，并拔出 USB 密钥。", "On a shared computer, close all windows of the browser and take your USB key."}}},
		Another: {status: 200, grpc: 16, stay: true,
			title: Words{"换用其他证书登录", "Log in with another certificate"},
			what: Words{"浏览器会记住您选择的证书，并在以后的连接中自动出示，网关无法让它忘记。因此需要由您让浏览器重新询问。",
				"The browser remembers the certificate you chose and shows it again by itself; the gateway cannot make it forget. So you have to make it ask again."},
			do: []Words{
				{"关闭浏览器的全部窗口（包括在后台运行的），再重新打开；或者打开一个新的无痕窗口。", "Close all windows of the browser, also those in the background, and open it again; or open a new private window."},
				{"需要时插入另一个 USB 密钥。", "Plug in the other USB key if there is one."},
				{"再次访问本服务，在询问时选择要使用的证书。", "Come back to this service and choose the certificate when you are asked."},
				{"如果浏览器不询问，可能是它被设置为自动选择证书，请联系下面的联系人。", "If you are not asked, the browser may be set to choose by itself; call the contact below."},
			}},
		BadRequest: {status: 400, grpc: 3, stay: true,
			title: Words{"请求不符合要求", "The request was refused"},
			what:  Words{"浏览器或程序发出的请求格式有误，或来自不被允许的页面，已被拒绝。", "The request is malformed or came from a page that may not send it."},
			do:    []Words{{"请从首页重新进入，再试一次。", "Start again from the first page."}, call}},
		TooLarge: {status: 413, grpc: 8, stay: true,
			title: Words{"内容过大", "Too large"},
			what:  Words{"发送的内容超过了允许的大小。", "What was sent is larger than allowed."},
			do:    []Words{{"请减小文件，或分次发送。", "Send a smaller file, or several times less."}, call}},
		Failed: {status: 500, grpc: 13,
			title: Words{"网关出错", "The gateway failed"},
			what:  Words{"网关内部出错，不是您的问题。", "Something failed in the gateway; it is not your fault."},
			do:    []Words{later, call}},
	}
}

// Codes lists all codes of problems.
func Codes() []string {
	var all []string
	for code := range messages() {
		all = append(all, code)
	}
	return all
}

// labels are the other texts of the pages.
func labels() map[string]Words {
	return map[string]Words{
		"service": {"身份认证网关", "Identity gateway"}, "do": {"怎么办", "What to do"}, "contact": {"联系谁", "Whom to call"},
		"contact.none": {"请联系本服务的管理员。", "Call the administrator of this service."}, "phone": {"电话", "Telephone"}, "email": {"电子邮件", "E-mail"}, "hours": {"服务时间", "Hours"},
		"details": {"详细信息", "Details"}, "request": {"请求编号", "Request id"}, "time": {"时间", "Time"}, "code": {"代码", "Code"}, "application": {"应用", "Application"},
		"rule": {"规则", "Rule"}, "level": {"需要的等级", "Level needed"}, "certificate": {"您的证书", "Your certificate"}, "subject": {"主题", "Subject"}, "issuer": {"签发者", "Issuer"},
		"serial": {"序列号", "Serial number"}, "validity": {"有效期", "Validity"}, "until": {"至", "to"}, "usage": {"用途", "Use"}, "fingerprint": {"指纹（SHA-256）", "Fingerprint (SHA-256)"},
		"chain": {"一同收到的证书", "Certificates that came with it"}, "link.check": {"看看网关收到了什么证书", "See which certificate the gateway receives"},
		"link.again": {"换用其他证书登录", "Log in with another certificate"}, "link.back": {"重新进入", "Go on"}, "help": {"更多帮助", "More help"},
		"check": {"网关看到的证书", "What the gateway sees of your certificate"}, "check.good": {"证书有效，可以用于登录。", "The certificate is good and can be used to log in."},
		"check.refresh": {"再检查一次", "Check again"}, "connection": {"连接", "Connection"}, "address": {"您的地址", "Your address"}, "protocol": {"协议", "Protocol"}, "cipher": {"密码套件", "Cipher suite"},
	}
}
