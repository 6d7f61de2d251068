package policy

import (
	"errors"
	"fmt"
	"strings"

	"onecert/pki"
)

// Text is a sentence for a person, in both languages.
type Text struct {
	Zh string `json:"zh"`
	En string `json:"en"`
}

// In returns the text in a language, "zh" or else English.
func (t Text) In(language string) string {
	if language == "zh" {
		return t.Zh
	}
	return t.En
}

// Fault is one thing wrong with rules.
type Fault struct {
	Rule   string `json:"rule,omitempty"` // id, or its place ("#3"); empty: not of one rule
	Field  string `json:"field"`          // when.addresses, lists.black.names, …
	Code   string `json:"code"`
	Wrong  Text   `json:"wrong"`
	Remedy Text   `json:"remedy"`
}

// In returns the fault in one line.
func (f Fault) In(language string) string {
	colon, semicolon := ": ", "; "
	if language == "zh" {
		colon, semicolon = "：", "；"
	}
	where := f.Field
	if f.Rule != "" {
		where = f.Rule + colon + f.Field
	}
	return where + colon + f.Wrong.In(language) + semicolon + f.Remedy.In(language)
}

// maxFaults is how many faults are told at once.
const maxFaults = 50

// Faults are all that is wrong with rules.
type Faults []Fault

// Error lists the faults, one a line, in English.
func (f Faults) Error() string { return f.In("en") }

// In lists the faults, one a line.
func (f Faults) In(language string) string {
	lines := make([]string, len(f))
	for i := range f {
		lines[i] = f[i].In(language)
	}
	return strings.Join(lines, "\n")
}

// FaultsOf returns the faults behind an error of Compile or Decode, nil if there are none.
func FaultsOf(err error) Faults {
	if faults, ok := errors.AsType[Faults](err); ok {
		return faults
	}
	return nil
}

// refusal is the error that carries faults.
func (f Faults) refusal() error {
	if len(f) == 0 {
		return nil
	}
	return pki.Errorf(pki.Invalid, "policy.wrong", "the rules have faults:\n%s", f.Error()).To("mend them; the rules that are in force stay so").Because(f)
}

// faultText is what a code says, with places for what it is about.
type faultText struct{ wrong, remedy Text }

// fault makes a fault of a code in faultTexts.
func fault(rule, field, code string, about ...any) Fault {
	t := faultTexts[code]
	for i, value := range about {
		if text, ok := value.(string); ok {
			about[i] = shown(text)
		}
	}
	first := strings.Count(t.wrong.En, "%")
	return Fault{Rule: shown(rule), Field: field, Code: code, Wrong: t.wrong.with(about[:first]), Remedy: t.remedy.with(about[first:])}
}

// with puts values into the places of a text, the same ones in both languages.
func (t Text) with(values []any) Text {
	if len(values) == 0 {
		return t
	}
	return Text{fmt.Sprintf(t.Zh, values...), fmt.Sprintf(t.En, values...)}
}

// shown bounds what rules say before it stands in a message.
func shown(value string) string {
	const most = 80
	quoted := strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return '\uFFFD'
		}
		return r
	}, value)
	if len(quoted) > most {
		cut := most
		for cut > 0 && quoted[cut]&0xc0 == 0x80 {
			cut--
		}
		quoted = quoted[:cut] + "…"
	}
	return quoted
}

// faultTexts has the words of every fault; read only.
var faultTexts = map[string]faultText{
	"document":     {Text{"规则文件无法读取：%s", "the rules cannot be read: %s"}, Text{"改正后重试；不认识的键不接受", "mend it and try again; unknown keys are refused"}},
	"size":         {Text{"规则文件超过 %d 字节", "the rules are larger than %d octets"}, Text{"把过长的名单拆分或精简", "shorten the longest lists"}},
	"version":      {Text{"版本应为 1，而不是 %d", "the version is %d, and 1 is known"}, Text{"写 version: 1", "write version: 1"}},
	"effect":       {Text{"效果“%s”不存在", "there is no effect %q"}, Text{"写 allow 或 deny", "write allow or deny"}},
	"id":           {Text{"规则标识“%s”不可用", "the id %q cannot be used"}, Text{"用 1 至 64 个字母、数字、点、下划线或连字符，首位不能是标点", "use 1 to 64 letters, digits, dots, underscores and hyphens, not beginning with a sign"}},
	"id-twice":     {Text{"规则标识“%s”出现两次", "the id %q stands twice"}, Text{"每条规则用自己的标识", "give each rule an id of its own"}},
	"too-many":     {Text{"超过上限 %d", "there are more than %d"}, Text{"合并规则，或把取值放入共用名单", "join rules, or put the values into shared lists"}},
	"long":         {Text{"文字超过 %d 字节", "the text is longer than %d octets"}, Text{"缩短", "shorten it"}},
	"empty":        {Text{"有空值", "a value is empty"}, Text{"填写或删除", "fill it in, or leave it out"}},
	"nothing":      {Text{"例外没有任何条件，会使规则永不生效", "the exception has no condition, so the rule could never apply"}, Text{"写明条件，或删除该例外", "give it a condition, or leave it out"}},
	"level":        {Text{"认证级别 %d 不存在", "there is no level %d"}, Text{"用 0 至 4", "use 0 to 4"}},
	"level-deny":   {Text{"拒绝规则不能要求认证级别", "a rule that denies cannot demand a level"}, Text{"改用 when.least_level 或 except", "use when.least_level, or except"}},
	"value":        {Text{"“%s”不是该字段的取值", "%q is no value of this field"}, Text{"可用的取值：%s", "use one of: %s"}},
	"application":  {Text{"应用标识“%s”含空白或控制字符", "the application %q has blanks or control characters"}, Text{"写应用的标识，而不是名称", "write the application's id, not its name"}},
	"method":       {Text{"方法“%s”不是大写的 HTTP 方法", "%q is no HTTP method in capitals"}, Text{"例如 GET、POST", "write GET, POST and so on"}},
	"host":         {Text{"主机“%s”不可用", "the host %q cannot be used"}, Text{"写小写主机名，不带端口；通配只能写在最前，如 *.demo.example", "write a host name in small letters without port; a wildcard only in front: *.demo.example"}},
	"path.root":    {Text{"“%s”不以“/”开头", "%q does not begin with /"}, Text{"写成 /a/b、/a/** 或 /a/*/b", "write /a/b, /a/** or /a/*/b"}},
	"path.segment": {Text{"“%s”含有空段、“.”、“..”、分号、转义，或“**”不在末尾", "%q has an empty segment, a dot segment, a semicolon, an escape, or ** before its end"}, Text{"写规范路径；“**”只能是最后一段", "write the normal path; ** may only be the last segment"}},
	"units":        {Text{"“%s”不是单位层级", "%q is no chain of units"}, Text{"从最上级写起，如 示例省/财政厅/**", "write it from the top: 示例省/财政厅/**"}},
	"address":      {Text{"“%s”不是地址、网段或地址段", "%q is no address, network or range"}, Text{"写成 192.0.2.7、192.0.2.0/24（主机位为零）或 192.0.2.1-192.0.2.9", "write 192.0.2.7, 192.0.2.0/24 (host bits zero) or 192.0.2.1-192.0.2.9"}},
	"unknown-name": {Text{"没有名为“%s”的定义", "nothing is named %q"}, Text{"先定义，或改正名称；名称区分大小写", "define it, or mend the name; case matters"}},
	"weekday":      {Text{"“%s”不是星期", "%q is no weekday"}, Text{"写 mon tue wed thu fri sat sun", "write mon tue wed thu fri sat sun"}},
	"clock":        {Text{"“%s”不是时刻", "%q is no time of day"}, Text{"写成 08:30；结束可写 24:00", "write 08:30; an end may be 24:00"}},
	"clock-same":   {Text{"开始与结束相同（%s），时间窗为空或全天，无法判断", "begin and end are both %s, which could mean never or always"}, Text{"全天则两者都不写", "leave both out for the whole day"}},
	"date":         {Text{"“%s”不是日期", "%q is no date"}, Text{"写成 2026-01-31", "write 2026-01-31"}},
	"date-order":   {Text{"最后一天 %s 早于第一天", "the last day %s is before the first"}, Text{"对调或改正", "turn them round"}},
	"zone":         {Text{"时区“%s”不存在", "there is no time zone %q"}, Text{"写 IANA 名称，如 Asia/Shanghai", "write an IANA name such as Asia/Shanghai"}},
	"days":         {Text{"“%s”不是日子的种类", "%q is no kind of day"}, Text{"写 working 或 off，并用 calendar 指明日历", "write working or off, and name the calendar"}},
	"calendar":     {Text{"“%s”不是日期或日期段，或与另一项矛盾", "%q is no date or range of dates, or contradicts another"}, Text{"写成 2026-10-01 或 2026-10-01/2026-10-07（至多一年），同一天只写在一处", "write 2026-10-01 or 2026-10-01/2026-10-07 (a year at most), each day in one place"}},
	"attribute":    {Text{"属性类型“%s”不认识", "the attribute type %q is not known"}, Text{"写 CN、O、OU 等，或对象标识符", "write CN, O, OU and so on, or an object identifier"}},
	"no-values":    {Text{"没有取值", "it has no values"}, Text{"写出至少一个取值", "give at least one"}},
	"oid":          {Text{"“%s”不是对象标识符", "%q is no object identifier"}, Text{"写成 1.2.156.10197.6.1", "write it like 1.2.156.10197.6.1"}},
	"fingerprint":  {Text{"“%s”不是证书的 SHA-256 指纹", "%q is no SHA-256 fingerprint"}, Text{"写 64 个十六进制字符，可含冒号", "write 64 hexadecimal characters, with colons or without"}},
	"serial":       {Text{"“%s”不是序列号", "%q is no serial number"}, Text{"写十六进制，引号括起", "write hexadecimal, in quotes"}},
	"dn":           {Text{"“%s”不是甄别名", "%q is no distinguished name"}, Text{"写完整名称，从根到叶：C=CN, O=示例市民政局, CN=张三", "write the whole name, root first: C=CN, O=Unit, CN=Name"}},
}
