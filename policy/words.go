package policy

import (
	"fmt"
	"strings"
)

// Text says the decision in a sentence, for a person who was refused or let in.
func (d Decision) Text() Text {
	rule := Text{"规则 " + d.Rule, "rule " + d.Rule}
	if d.Name != "" {
		rule = Text{fmt.Sprintf("规则 %s（%s）", d.Rule, d.Name), fmt.Sprintf("rule %s (%s)", d.Rule, d.Name)}
	}
	switch {
	case d.Reason == ReasonFault:
		fault := requestFaults[d.Fault]
		return Text{"拒绝：" + fault.Zh, "Denied: " + fault.En}
	case d.Reason == ReasonNoRules:
		return Text{"拒绝：没有生效的访问策略。", "Denied: no policy is in force."}
	case d.Reason == ReasonLevel:
		level := d.Missing.text()
		return Text{fmt.Sprintf("拒绝：%s要求认证级别达到 %s，重新登录后允许。", rule.Zh, level.Zh),
			fmt.Sprintf("Denied: %s demands level %s; it allows after such a login.", rule.En, level.En)}
	case d.Reason == ReasonDefault && d.Allowed:
		return Text{"允许：没有规则匹配，默认允许。", "Allowed: no rule matches, and the default allows."}
	case d.Allowed:
		return Text{"允许：由" + rule.Zh + "决定。", "Allowed by " + rule.En + "."}
	}
	answer := Text{"拒绝：由" + rule.Zh + "决定。", "Denied by " + rule.En + "."}
	if d.Reason == ReasonDefault {
		answer = Text{"拒绝：没有规则匹配，默认拒绝。", "Denied: no rule matches, and the default denies."}
	}
	if d.Missing > 0 {
		level := d.Missing.text()
		answer.Zh += fmt.Sprintf("以认证级别 %s 登录后可能允许。", level.Zh)
		answer.En += fmt.Sprintf(" A login of level %s could be allowed.", level.En)
	}
	return answer
}

// text is a level in words.
func (l Level) text() Text {
	names := [...]Text{{"0（匿名）", "0 (anonymous)"}, {"1（口令或验证码）", "1 (password or code)"}, {"2（证书）", "2 (certificate)"},
		{"3（证书加口令，或硬件证书）", "3 (certificate and password, or key in hardware)"}, {"4（硬件证书加口令）", "4 (key in hardware, and password)"}}
	if l < 0 || int(l) >= len(names) {
		return Text{fmt.Sprint(int(l)), fmt.Sprint(int(l))}
	}
	return names[l]
}

// requestFaults says what of a request could not be judged; read only.
var requestFaults = map[string]Text{
	"at":          {"请求没有可用的时刻。", "the request has no usable moment."},
	"address":     {"请求没有来源地址。", "the request has no address."},
	"application": {"请求没有应用标识。", "the request names no application."},
	"host":        {"主机名不规范。", "the host is not in normal form."},
	"method":      {"方法与协议不符。", "the method does not go with the protocol."},
	"path":        {"路径不规范（含“..”、双斜杠、转义等）。", "the path is not in normal form (dot segments, double slashes, escapes)."},
	"protocol":    {"协议未知。", "the protocol is not known."},
	"level":       {"认证级别与登录方式不符。", "the level does not go with the kind of login."},
	"login":       {"登录方式与登录所得的信息不符。", "the kind of login does not go with what it yielded."},
	"certificate": {"证书信息缺失或不规范。", "the facts of the certificate are missing or not in normal form."},
	"subject":     {"登录所得的信息过长。", "the login yielded too much."},
}

// fieldTexts names the fields for people; read only.
var fieldTexts = [fields]Text{
	fieldApplications: {"应用", "application"}, fieldProtocols: {"协议", "protocol"}, fieldMethods: {"方法", "method"}, fieldHosts: {"主机", "host"},
	fieldPaths: {"路径", "path"}, fieldAddresses: {"来源地址", "address"}, fieldTimes: {"时间", "time"}, fieldLevel: {"认证级别（至少）", "level (at least)"},
	fieldLogins: {"登录方式", "kind of login"}, fieldUsers: {"用户", "user"}, fieldGroups: {"用户组", "group"}, fieldUnits: {"单位", "unit"},
	fieldLists: {"名单", "list"}, fieldSubject: {"证书主体", "certificate subject"}, fieldIssuer: {"证书颁发者", "certificate issuer"},
	fieldProfiles: {"证书模板", "certificate profile"}, fieldPolicies: {"证书策略", "certificate policy"}, fieldSuites: {"密钥算法", "key algorithm"},
}

// text says in a sentence what became of a rule; at is the condition it was decided by.
func (j *Judgement) text(at condition, r *rule, f *facts) Text {
	switch j.Outcome {
	case Disabled:
		return Text{"已停用，不参与判断", "is disabled"}
	case Matches:
		if r.allow && f.subject.Level < r.require {
			wanted, own := r.require.text(), f.subject.Level.text()
			return Text{fmt.Sprintf("匹配，但要求认证级别 %s，当前为 %s", wanted.Zh, own.Zh),
				fmt.Sprintf("matches, but demands level %s, and this login has %s", wanted.En, own.En)}
		}
		if r.allow {
			return Text{"匹配，允许", "matches and allows"}
		}
		return Text{"匹配，拒绝", "matches and denies"}
	}
	name, wanted := fieldTexts[at.field()], joined(j.Wanted)
	answer := Text{fmt.Sprintf("不匹配：%s：%s；要求：%s", name.Zh, joined(j.Found).Zh, wanted.Zh),
		fmt.Sprintf("does not match: %s: %s; wanted: %s", name.En, joined(j.Found).En, wanted.En)}
	switch {
	case j.Outcome == Excepted && len(j.Found) == 0:
		answer = Text{fmt.Sprintf("被例外 %d 排除：%s（%s）无从判断，按排除处理", j.Exception, name.Zh, wanted.Zh),
			fmt.Sprintf("taken out by exception %d: %s (%s) cannot be judged, which counts as a hit", j.Exception, name.En, wanted.En)}
	case j.Outcome == Excepted:
		answer = Text{fmt.Sprintf("被例外 %d 排除：%s：%s；例外：%s", j.Exception, name.Zh, joined(j.Found).Zh, wanted.Zh),
			fmt.Sprintf("taken out by exception %d: %s: %s; excepted: %s", j.Exception, name.En, joined(j.Found).En, wanted.En)}
	}
	if j.MayMatch > 0 {
		level := j.MayMatch.text()
		answer.Zh += fmt.Sprintf("；以认证级别 %s 登录后可能匹配", level.Zh)
		answer.En += fmt.Sprintf("; after a login of level %s it could match", level.En)
	}
	return answer
}

func joined(values []string) Text {
	if len(values) == 0 {
		return Text{"无", "none"}
	}
	return Text{strings.Join(values, "、"), strings.Join(values, ", ")}
}
