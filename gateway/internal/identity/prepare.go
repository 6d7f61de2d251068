package identity

import (
	"net/http"
	"slices"
	"strings"

	"onecert/pki"
)

// Prepared is a Plan applied to the facts of one session. The caller keeps it as long as
// plan, session and certificate stay the same; it is safe for requests at once.
type Prepared struct {
	plan      *Plan
	known     *known
	headers   []field
	cookies   string // "a=b; c=d"
	query     string // "a=b&c=d"
	later     []*item
	size      int
	assertion *issued // nil: none for this person
}

// field is a header ready to be set. Its values are shared by requests and never changed.
type field struct {
	name   string
	values []string
}

// Prepare makes what all requests of a session have in common. A value that the
// application's character set cannot hold, or a name that could deceive it, is an error:
// the request must not go on.
func (p *Plan) Prepare(f *Facts) (*Prepared, error) {
	k := &known{facts: f, style: p.style}
	if f.Certificate != nil {
		var err error
		if k.cert, err = readCertificate(f.Certificate, p.legacy); err != nil {
			return nil, err
		}
	}
	done := &Prepared{plan: p, known: k}
	for i := range p.items {
		one := &p.items[i]
		if one.source.perRequest {
			done.later = append(done.later, one)
			continue
		}
		text, there, err := one.value(k, nil)
		if err != nil {
			return nil, err
		}
		if there {
			done.add(one, text)
		}
	}
	if p.assertion != nil {
		var err error
		if done.assertion, err = p.assertion.prepare(k, p.now); err != nil {
			return nil, err
		}
	}
	if done.size > p.maxBytes {
		return nil, tooMuch(p.maxBytes)
	}
	return done, nil
}

func tooMuch(most int) error {
	return pki.Errorf(pki.Invalid, "identity.size", "what the application is to be told is longer than %d octets", most).
		To("tell it less (the certificate and its chain are the longest), or raise maxBytes as far as the application's server takes it")
}

func (d *Prepared) add(one *item, text string) {
	d.size += len(one.Name) + len(text) + 4
	switch one.In {
	case InHeader:
		d.headers = append(d.headers, field{one.Name, []string{text}})
	case InCookie:
		d.cookies = join(d.cookies, "; ", one.Name+"="+text)
	case InParameter:
		d.query = join(d.query, "&", one.Name+"="+text)
	}
}

func join(a, between, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + between + b
}

// value returns what an item tells, encoded; there is false where it says nothing.
func (i *item) value(k *known, r *Request) (text string, there bool, err error) {
	values, err := i.source.read(k, r)
	if err != nil {
		return "", false, err
	}
	values, err = i.choose(values)
	switch {
	case err != nil:
		return "", false, err
	case len(values) == 0 && i.Missing == "refuse":
		return "", false, i.writer.refuse("identity.missing", "is not there, and the application demands it").
			To("have a certificate issued that has it, or change 'missing'")
	case len(values) == 0:
		return "", i.Missing == "empty", nil
	}
	text, err = i.writer.write(strings.Join(values, or(i.Join, ",")))
	return text, err == nil, err
}

// choose picks among several values.
func (i *item) choose(values []string) ([]string, error) {
	n := len(values)
	switch {
	case n == 0:
		return nil, nil
	case i.which == whichAll:
		between := or(i.Join, ",")
		if n > 1 && slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, between) }) {
			return nil, i.writer.refuse("identity.separator", "would be taken apart wrongly: one of its parts has the separator in it").
				To("use another separator in 'join', or pick one value")
		}
		return values, nil
	case i.which == whichOnly && n > 1:
		return nil, i.writer.refuse("identity.several", "is there more than once, and the application is to be told only one").
			To("choose which: first, last, all or a number")
	case i.which == whichOnly:
		return values, nil
	case i.which == whichLast:
		return values[n-1:], nil
	case i.which > n:
		return nil, nil
	}
	return values[i.which-1 : i.which], nil
}

// Apply adds to a request that Strip has been over.
func (d *Prepared) Apply(out *http.Request, r Request) error {
	if out.Header == nil {
		out.Header = http.Header{}
	}
	size := d.size
	for _, f := range d.headers {
		out.Header[f.name] = f.values
	}
	cookies, query := d.cookies, d.query
	for _, one := range d.later {
		text, there, err := one.value(d.known, &r)
		if err != nil {
			return err
		}
		if !there {
			continue
		}
		size += len(one.Name) + len(text) + 4
		switch one.In {
		case InHeader:
			out.Header[one.Name] = []string{text}
		case InCookie:
			cookies = join(cookies, "; ", one.Name+"="+text)
		case InParameter:
			query = join(query, "&", one.Name+"="+text)
		}
	}
	if d.assertion != nil {
		token, err := d.assertion.token()
		if err != nil {
			return err
		}
		size += len(token.values[0])
		out.Header[d.assertion.header] = token.values
	}
	size += d.plan.forward.apply(out.Header, &r)
	if size > d.plan.maxBytes {
		return tooMuch(d.plan.maxBytes)
	}
	addCookies(out.Header, cookies)
	if query != "" {
		out.URL.RawQuery = join(query, "&", out.URL.RawQuery)
	}
	return nil
}

// addCookies puts ours before the client's, in one line: who reads the first of several
// reads ours, and HTTP/1.1 knows one Cookie header only (RFC 6265 5.4).
func addCookies(h http.Header, ours string) {
	if ours == "" {
		return
	}
	lines := h["Cookie"]
	if len(lines) == 1 {
		h["Cookie"] = []string{join(ours, "; ", lines[0])}
		return
	}
	h["Cookie"] = []string{join(ours, "; ", strings.Join(lines, "; "))}
}
