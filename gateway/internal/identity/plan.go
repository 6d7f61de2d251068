package identity

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"onecert/pki"
)

// Options are what a Plan needs beside its Config.
type Options struct {
	Signer *Signer          // of assertions; nil where no application wants one
	Now    func() time.Time // nil: time.Now
}

// Plan is a Config ready for use, by many requests at once.
type Plan struct {
	style     Names
	legacy    string
	items     []item
	forward   forwarding
	assertion *assertion
	maxBytes  int
	now       func() time.Time

	headers, cookies, parameters *names // what Strip removes, folded
	byParameter                  bool   // the application is told something by parameters

	nobody map[string]*Prepared // what is told about nobody, by Facts.Refused
}

// item is an Item understood.
type item struct {
	Item
	source source
	writer writer
	which  int // from 1; 0 first, or one of the following
}

// Values of item.which beside a number.
const (
	whichLast = -1
	whichOnly = -2
	whichAll  = -3
)

// Limits of a Config.
const (
	maxItems        = 200
	maxRemoved      = 200
	defaultMaxBytes = 16 << 10
	mostMaxBytes    = 256 << 10
)

// Compile checks a Config. Its errors name the field, what is wrong and what to do.
func Compile(c Config, o Options) (*Plan, error) {
	if err := checkConfig(c); err != nil {
		return nil, err
	}
	p := &Plan{style: c.Names, legacy: c.Legacy, maxBytes: c.MaxBytes, now: o.Now}
	if p.maxBytes == 0 {
		p.maxBytes = defaultMaxBytes
	}
	if p.now == nil {
		p.now = time.Now
	}
	all, err := gather(c)
	if err != nil {
		return nil, err
	}
	for _, one := range all {
		compiled, err := compileItem(one, c.Charset)
		if err != nil {
			return nil, err
		}
		p.items = append(p.items, compiled)
	}
	p.forward = forwardingOf(c.Forwarding)
	if c.Assertion != nil {
		if p.assertion, err = compileAssertion(*c.Assertion, o.Signer); err != nil {
			return nil, err
		}
	}
	p.compileRemoved(c)
	if err := p.checkNames(); err != nil {
		return nil, err
	}
	p.prepareNobody()
	return p, nil
}

// choice is a field with a fixed list of values; "" is its default.
type choice struct {
	field, value string
	allowed      []string
}

func checkConfig(c Config) error {
	for _, f := range []choice{
		{"charset", c.Charset, []string{charsetUTF8, charsetGBK, charsetGB18030}},
		{"serial", c.Serial, []string{"hex", "HEX", "decimal"}},
		{"times", c.Times, timeForms()},
		{"legacy", c.Legacy, []string{legacyGBK, legacyLatin1, legacyRefuse}},
		{"forwarding", c.Forwarding, []string{forwardX, forwardRFC7239, forwardBoth, forwardNone}},
		{"names.order", c.Names.Order, []string{"leaf-first", "root-first"}},
		{"names.separator", c.Names.Separator, []string{",", ", "}},
		{"names.state", c.Names.State, []string{"S", "ST"}},
		{"names.deceptive", c.Names.Deceptive, []string{"refuse", "escape"}},
	} {
		if err := f.check(); err != nil {
			return err
		}
	}
	removed := len(c.Remove.Headers) + len(c.Remove.Cookies) + len(c.Remove.Parameters)
	switch {
	case c.MaxBytes < 0 || c.MaxBytes > mostMaxBytes:
		return wrongField("maxBytes", "is not between 0 and %d", mostMaxBytes).To("leave it out for %d", defaultMaxBytes)
	case len(c.Items) > maxItems:
		return wrongField("items", "are more than %d", maxItems).To("tell the application less")
	case removed > maxRemoved:
		return wrongField("remove", "has more than %d names", maxRemoved).To("use a trailing * for families of names")
	}
	for _, name := range slices.Concat(c.Remove.Headers, c.Remove.Cookies, c.Remove.Parameters) {
		if stem := strings.TrimSuffix(name, "*"); !plainName(stem) || len(stem) > maxName {
			return wrongField("remove", "has something that is no name of letters, digits, - _ and .").To("a * may only stand at the end")
		}
	}
	return nil
}

func (f choice) check() error {
	if f.value == "" || slices.Contains(f.allowed, f.value) {
		return nil
	}
	return wrongField(f.field, "is not one of its values").To("use one of %s", strings.Join(f.allowed, " | "))
}

func wrongField(field, format string, args ...any) *pki.Error {
	e := pki.Errorf(pki.Invalid, "identity.config", format, args...)
	e.Wrong = "identity." + field + " " + e.Wrong
	return e
}

// gather returns the items of the sets and the application's own. One of its own takes
// the place of a set's of the same name.
func gather(c Config) ([]Item, error) {
	known := sets(c)
	all := slices.Clone(c.Items)
	for i, name := range c.Sets {
		items, ok := known[name]
		if !ok || slices.Contains(c.Sets[:i], name) {
			return nil, wrongField("sets", "names a set that is not known, or one twice").To("use %s", strings.Join(SetNames(), ", "))
		}
		for _, one := range items {
			if !slices.ContainsFunc(c.Items, func(own Item) bool { return own.In == one.In && sameName(own.Name, one.Name) }) {
				all = append(all, one)
			}
		}
	}
	return all, nil
}

// SetNames lists the ready-made sets.
func SetNames() []string {
	var all []string
	for name := range sets(Config{}) {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

func sameName(a, b string) bool {
	x, y := fold(a), fold(b)
	return string(x.bytes()) == string(y.bytes())
}

func compileItem(one Item, charset string) (item, error) {
	field := "items." + one.In + "." + one.Name
	if len(one.Name) > maxName || len(one.In) > maxName {
		return item{}, wrongField("items", "has a name longer than %d characters", maxName).To("use a shorter one")
	}
	for _, f := range []choice{
		{field + ".in", or(one.In, "nowhere"), []string{InHeader, InCookie, InParameter}},
		{field + ".charset", one.Charset, []string{charsetUTF8, charsetGBK, charsetGB18030}},
		{field + ".encoding", one.Encoding, []string{encodingRaw, encodingPercent, encodingBase64, encodingBase64URL}},
		{field + ".missing", one.Missing, []string{"omit", "empty", "refuse"}},
	} {
		if err := f.check(); err != nil {
			return item{}, err
		}
	}
	if err := checkItemName(field, one); err != nil {
		return item{}, err
	}
	read, ok := compileSource(one.Source, one.Form)
	if !ok {
		return item{}, wrongField(field+".source", "and its form are not known").To("use %s", strings.Join(Sources(), ", "))
	}
	which, ok := compileWhich(one.Which)
	if !ok {
		return item{}, wrongField(field+".which", "is not one of its values").To("use first | last | only | all, or a number from 1 to 99")
	}
	w := writer{where: one.In, name: one.Name, charset: or(one.Charset, charset), encoding: one.Encoding, lines: read.lines}
	if w.encoding == "" {
		w.encoding = encodingPercent
		if one.In == InHeader {
			w.encoding = encodingRaw
		}
	}
	if read.lines && one.In == InHeader && w.encoding == encodingRaw {
		return item{}, wrongField(field+".encoding", "would put line breaks into a header").To("use percent or base64, or the source certificate.base64")
	}
	if !clean(one.Join) || len(one.Join) > 8 {
		return item{}, wrongField(field+".join", "is not a separator").To("use a few visible characters")
	}
	return item{Item: one, source: read, writer: w, which: which}, nil
}

func compileWhich(text string) (which int, ok bool) {
	switch text {
	case "", "first":
		return 1, true
	case "last":
		return whichLast, true
	case "only":
		return whichOnly, true
	case "all":
		return whichAll, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 1 && n <= 99 && text[0] != '+'
}

// checkItemName accepts names that every reader reads the same way, and none that mean
// something to HTTP itself.
func checkItemName(field string, one Item) error {
	if !plainName(one.Name) {
		return wrongField(field+".name", "is not a name of letters, digits, - _ and .").To("name it as the application reads it")
	}
	f := fold(one.Name)
	if name := string(f.bytes()); one.In == InHeader && (slices.Contains(reserved, name) || strings.HasPrefix(name, "sec-") || strings.HasPrefix(name, "content-")) {
		return wrongField(field+".name", "means something to HTTP itself").To("use a name of the application's own")
	}
	return nil
}

func plainName(name string) bool {
	for i := range len(name) {
		c := name[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || strings.IndexByte("-_.", c) < 0) {
			return false
		}
	}
	return name != ""
}

// reserved headers belong to HTTP and to forwarding.
var reserved = []string{
	"host", "connection", "keep-alive", "proxy-connection", "transfer-encoding", "te", "trailer", "upgrade", "expect", "via",
	"cookie", "cookie2", "set-cookie", "date", "accept", "accept-encoding", "range", "origin", "referer", "http2-settings",
	"forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "x-real-ip", "x-request-id",
}

// compileRemoved gathers what Strip removes: what any set sets, whatever this application
// is told, and what it is told under names of its own.
func (p *Plan) compileRemoved(c Config) {
	own := map[string][]string{}
	for _, items := range sets(c) {
		for _, one := range items {
			own[one.In] = append(own[one.In], one.Name)
		}
	}
	for _, one := range p.items {
		own[one.In] = append(own[one.In], one.Name)
	}
	if p.assertion != nil {
		own[InHeader] = append(own[InHeader], p.assertion.header)
	}
	p.headers = compileNames(spoofedHeaders, own[InHeader], c.Remove.Headers)
	p.cookies = compileNames(spoofedCookies, own[InCookie], c.Remove.Cookies)
	p.parameters = compileNames(spoofedParameters, own[InParameter], c.Remove.Parameters)
	p.byParameter = len(own[InParameter])+len(c.Remove.Parameters) > 0
}

// checkNames refuses two items that an application could not tell apart.
func (p *Plan) checkNames() error {
	seen := map[string]bool{}
	for _, one := range p.items {
		f := fold(one.Name)
		key := one.In + " " + string(f.bytes())
		if seen[key] {
			return wrongField("items", "names %s %s twice; case, - and _ make no difference", one.In, one.Name).To("remove one of them, or one of the sets")
		}
		seen[key] = true
	}
	if p.assertion == nil {
		return nil
	}
	if f := fold(p.assertion.header); seen[InHeader+" "+string(f.bytes())] {
		return wrongField("assertion.header", "is the name of an item too").To("use another")
	}
	return nil
}

// Apply is Prepare and Prepared.Apply, for a single request. What is told about nobody is
// prepared once: visitors of a public site are many.
func (p *Plan) Apply(out *http.Request, f *Facts, r Request) error {
	if f.nobody() {
		if done := p.nobody[f.Refused]; done != nil {
			return done.Apply(out, r)
		}
	}
	prepared, err := p.Prepare(f)
	if err != nil {
		return err
	}
	return prepared.Apply(out, r)
}

// prepareNobody makes what is told about visitors without a session, whether or not they
// showed a certificate that was refused. Where the application demands a value, it is made
// and refused again with each request.
func (p *Plan) prepareNobody() {
	p.nobody = map[string]*Prepared{}
	for _, refused := range slices.Concat(commonRefusals, []string{""}) {
		if done, err := p.Prepare(&Facts{Refused: refused}); err == nil {
			p.nobody[refused] = done
		}
	}
}

// commonRefusals are why certificates are refused (trust's verdicts, in the words of the
// pages); others are told as well, only not as fast.
var commonRefusals = []string{"no-certificate", "malformed", "expired", "not-yet-valid", "revoked", "held", "unknown-issuer", "chain", "wrong-usage", "status-unknown"}
