package identity

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"onecert/pki"
)

// known is what the sources of a session's values read.
type known struct {
	facts *Facts
	cert  *certificate // nil without one
	style Names
}

// source returns the values of one source, none where there are none. Those that differ
// from request to request read r; the others are asked once a session, with r nil.
type source struct {
	perRequest bool
	lines      bool // PEM
	read       func(k *known, r *Request) ([]string, error)
}

// Sources lists what an Item's Source may name. Attributes go by short name or OID.
func Sources() []string {
	all := []string{"subject.CN", "issuer.CN", "san.dns", "san.email", "san.uri", "san.ip", "san.upn",
		"fingerprint.sha256", "fingerprint.sm3", "fingerprint.sha1", "extension.1.2.156.10260.4.1.1", "since", "text:…"}
	for name := range ofCertificate() {
		all = append(all, name)
	}
	for name := range ofSession() {
		all = append(all, name)
	}
	for name := range ofRequest() {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// compileSource understands a Source with the Form of its item.
func compileSource(text, form string) (s source, ok bool) {
	if constant, yes := strings.CutPrefix(text, "text:"); yes {
		return source{read: func(*known, *Request) ([]string, error) { return one(constant) }}, form == "" && clean(constant)
	}
	if read, yes := ofSession()[text]; yes && form == "" {
		return source{read: func(k *known, _ *Request) ([]string, error) { return read(k), nil }}, true
	}
	if read, yes := ofRequest()[text]; yes && form == "" {
		return source{perRequest: true, read: func(_ *known, r *Request) ([]string, error) { return one(read(r)) }}, true
	}
	if text == "since" {
		return source{read: func(k *known, _ *Request) ([]string, error) { return timeText(k.facts.Since, form) }}, validForm(text, form)
	}
	read, yes := ofCertificate()[text]
	if !yes {
		read, yes = ofFamily(text)
	}
	return source{
		lines: strings.HasSuffix(text, ".pem"),
		read: func(k *known, _ *Request) ([]string, error) {
			if k.cert == nil {
				return nil, nil
			}
			return read(k, form)
		},
	}, yes && validForm(text, form)
}

// validForm: an empty form is each source's first.
func validForm(source, form string) bool {
	forms := map[string][]string{
		"serial": {"hex", "HEX", "colon", "decimal"}, "since": timeForms(), "notBefore": timeForms(), "notAfter": timeForms(),
		"subject": {formRFC4514, formRootFirst, formPlain, formSlash}, "issuer": {formRFC4514, formRootFirst, formPlain, formSlash},
	}
	return form == "" || slices.Contains(forms[source], form)
}

// one is a single value, or none where it is empty.
func one(text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	return []string{text}, nil
}

func ofRequest() map[string]func(*Request) string {
	return map[string]func(*Request) string{
		"address":   func(r *Request) string { return addressText(r.Address) },
		"requestId": func(r *Request) string { return r.ID },
		"protocol":  func(r *Request) string { return r.Protocol },
		"cipher":    func(r *Request) string { return r.Cipher },
		"scheme":    func(r *Request) string { return r.Scheme },
		"host":      func(r *Request) string { return r.Host },
	}
}

func ofSession() map[string]func(*known) []string {
	plain := func(read func(*Facts) string) func(*known) []string {
		return func(k *known) []string { values, _ := one(read(k.facts)); return values }
	}
	return map[string]func(*known) []string{
		"user": plain(func(f *Facts) string { return f.User }), "name": plain(func(f *Facts) string { return f.Name }),
		"email": plain(func(f *Facts) string { return f.Email }), "level": plain(func(f *Facts) string { return f.Level }),
		"method": plain(func(f *Facts) string { return f.Method }), "profile": plain(func(f *Facts) string { return f.Profile }),
		"privilege": plain(func(f *Facts) string { return f.Privilege }), "session": plain(func(f *Facts) string { return f.Session }),
		"groups": func(k *known) []string { return k.facts.Groups },
		"verify": plain(verifyText),
	}
}

// verifyText is nginx's $ssl_client_verify.
func verifyText(f *Facts) string {
	switch {
	case f.Refused != "":
		return "FAILED:" + f.Refused
	case f.Certificate == nil:
		return "NONE"
	}
	return "SUCCESS"
}

func ofCertificate() map[string]func(k *known, form string) ([]string, error) {
	return map[string]func(k *known, form string) ([]string, error){
		"subject":   func(k *known, form string) ([]string, error) { return k.nameText(k.cert.subject, form) },
		"issuer":    func(k *known, form string) ([]string, error) { return k.nameText(k.cert.issuer, form) },
		"serial":    func(k *known, form string) ([]string, error) { return one(k.cert.serialText(form)) },
		"notBefore": func(k *known, form string) ([]string, error) { return timeText(k.cert.notBefore, form) },
		"notAfter":  func(k *known, form string) ([]string, error) { return timeText(k.cert.notAfter, form) },
		"policies":  func(k *known, _ string) ([]string, error) { return k.cert.policies() },
		"certificate.pem": func(k *known, _ string) ([]string, error) {
			return one(pemOf(k.cert.der))
		},
		"certificate.base64": func(k *known, _ string) ([]string, error) {
			return one(base64.StdEncoding.EncodeToString(k.cert.der))
		},
		"certificate.rfc9440": func(k *known, _ string) ([]string, error) { return one(byteSequence(k.cert.der)) },
		"chain.rfc9440":       func(k *known, _ string) ([]string, error) { return one(k.chain(byteSequence, ", ")) },
		"chain.pem":           func(k *known, _ string) ([]string, error) { return one(k.chain(pemOf, "")) },
		"xfcc":                func(k *known, _ string) ([]string, error) { return k.forwardedClientCert() },
	}
}

// ofFamily understands the sources with a part of their own: subject.CN, san.dns.
func ofFamily(text string) (func(k *known, form string) ([]string, error), bool) {
	family, rest, _ := strings.Cut(text, ".")
	switch family {
	case "subject", "issuer":
		oid, ok := kindNamed(rest)
		return func(k *known, _ string) ([]string, error) {
			if family == "issuer" {
				return valuesOf(k.cert.issuer, oid)
			}
			return valuesOf(k.cert.subject, oid)
		}, ok
	case "san":
		_, ok := altNameTags[rest]
		return func(k *known, _ string) ([]string, error) { return k.cert.altNames(rest) }, ok
	case "fingerprint":
		return func(k *known, _ string) ([]string, error) { return one(k.cert.fingerprint(rest)) },
			slices.Contains([]string{"sha256", "sm3", "sha1"}, rest)
	case "extension":
		oid, err := pki.ParseOID(rest)
		return func(k *known, _ string) ([]string, error) { return k.cert.extension(oid.String()) }, err == nil
	}
	return nil, false
}

func (k *known) nameText(name []attribute, form string) ([]string, error) {
	if form == "" {
		form = formRFC4514
	}
	text, err := distinguished(name, form, k.style)
	if err != nil {
		return nil, err
	}
	return one(text)
}

func (k *known) chain(write func([]byte) string, between string) string {
	parts := make([]string, len(k.facts.Chain))
	for i, der := range k.facts.Chain {
		parts[i] = write(der)
	}
	return strings.Join(parts, between)
}

// forwardedClientCert is Envoy's x-forwarded-client-cert for one hop.
func (k *known) forwardedClientCert() ([]string, error) {
	quote := func(text string) string { return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"` }
	text := "Hash=" + k.cert.fingerprint("sha256") + ";Subject=" + quote(rfc4514(leafFirst(k.cert.subject)))
	for _, kind := range []string{"uri", "dns"} {
		values, err := k.cert.altNames(kind)
		if err != nil {
			return nil, err
		}
		for _, value := range values {
			text += ";" + strings.ToUpper(kind) + "=" + quote(value)
		}
	}
	return one(text)
}

func timeForms() []string {
	return []string{"rfc3339", "datetime", "compact", "dashed", "openssl", "unix"}
}

// timeText writes a time. The forms without a zone are Beijing time, as the domestic
// gateways write it; openssl's is GMT.
func timeText(at time.Time, form string) ([]string, error) {
	if at.IsZero() {
		return nil, nil
	}
	beijing := at.In(time.FixedZone("UTC+8", 8*60*60))
	switch form {
	case "datetime":
		return one(beijing.Format(time.DateTime))
	case "compact":
		return one(beijing.Format("20060102150405"))
	case "dashed":
		return one(beijing.Format("2006-01-02-15-04-05"))
	case "openssl":
		return one(at.UTC().Format("Jan _2 15:04:05 2006 GMT"))
	case "unix":
		return one(strconv.FormatInt(at.Unix(), 10))
	}
	return one(at.UTC().Format(time.RFC3339))
}
