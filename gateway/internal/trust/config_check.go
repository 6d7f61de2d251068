package trust

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"onecert/pki"
	"onecert/verify"
)

// Uses a CA may be accepted for; this room asks for UseLogin.
const (
	UseLogin     = "login"
	UseSign      = "sign"
	UseSeal      = "seal"
	UseTimestamp = "timestamp"
	UseVPN       = "vpn"
)

var rowName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// Limits of a configuration.
const (
	maxCAs          = 256
	maxCertificates = 900 // of all CAs of a set together; verify takes a hundred more from clients
	maxSources      = 512
	maxListBytes    = 512 << 20
	usualListBytes  = 128 << 20
)

// plan is a checked configuration.
type plan struct {
	cas   []*caPlan
	sets  []setPlan
	lists []*listPlan
}

type setPlan struct {
	name  string
	cas   []*caPlan
	stale *time.Duration
}

type caPlan struct {
	row          CA
	anchors, all []*verify.Certificate
	stale        time.Duration
	sources      []*sourcePlan
}

// sourcePlan is a source, read. key is equal for equal sources of equal CAs: their data
// serves on when the rest of a configuration changes.
type sourcePlan struct {
	ca       string
	row      Source
	key      [sha256.Size]byte
	where    [sha256.Size]byte // equal for sources of one name and address: a list of one may serve the other
	url      *url.URL          // nil where there is none
	roots    *x509.CertPool
	allow    []netip.Prefix
	every    time.Duration // 0: by the list's own life
	maxAge   time.Duration // 0: as usual
	maxBytes int64
	about    *verify.Certificate   // journal: the CA certificate
	signers  []*verify.Certificate // lists: who may have signed them
}

func invalid(field, format string, args ...any) *pki.Error {
	e := pki.Errorf(pki.Invalid, "trust.config", format, args...)
	e.Wrong = "trust." + field + ": " + e.Wrong
	return e
}

// Check refuses a configuration that cannot work, naming the field.
func Check(c Config) error {
	_, err := compile(c)
	return err
}

func compile(c Config) (_ *plan, err error) {
	p := &plan{}
	if len(c.CAs) > maxCAs || len(c.Sets) > maxCAs {
		return nil, invalid("cas", "there are more than %d CAs or sets", maxCAs)
	}
	byName := map[string]*caPlan{}
	for i := range c.CAs {
		row := c.CAs[i]
		field := "cas[" + row.Name + "]"
		if !rowName.MatchString(row.Name) || byName[row.Name] != nil {
			return nil, invalid("cas", "the name %.64q is no name or stands there twice", row.Name).To("use letters, digits and hyphens, each name once")
		}
		ca, err := compileCA(field, row)
		if err != nil {
			return nil, err
		}
		byName[row.Name] = ca
		p.cas = append(p.cas, ca)
	}
	if err := p.compileLists(c); err != nil {
		return nil, err
	}
	for _, row := range c.Sets {
		if row.CAs, err = p.expand(row); err != nil {
			return nil, err
		}
		set, err := compileSet(row, byName)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(p.sets, func(other setPlan) bool { return other.name == row.Name }) {
			return nil, invalid("sets", "the name %s stands there twice", row.Name)
		}
		p.sets = append(p.sets, set)
	}
	return p, nil
}

func compileSet(row SetRow, byName map[string]*caPlan) (set setPlan, err error) {
	field := "sets[" + row.Name + "]"
	if !rowName.MatchString(row.Name) {
		return set, invalid("sets", "the name %.64q is no name", row.Name).To("use letters, digits and hyphens")
	}
	if len(row.CAs) == 0 && len(row.Lists) == 0 {
		return set, invalid(field+".cas", "the set has no CA, so it would refuse everybody").To("name the CAs it accepts, or a list of them")
	}
	set.name = row.Name
	anchors := map[[32]byte]string{}
	certificates := 0
	for _, name := range row.CAs {
		ca := byName[name]
		if ca == nil || slices.Contains(set.cas, ca) {
			return set, invalid(field+".cas", "there is no CA %.64q, or it stands there twice", name).To("name each CA of trust.cas once")
		}
		for _, anchor := range ca.anchors {
			if other := anchors[anchor.SHA256()]; other != "" {
				return set, invalid(field+".cas", "the CAs %s and %s have an anchor in common, so nobody could say which of them stands for a certificate", other, name).
					To("give one of them an anchor further down")
			}
			anchors[anchor.SHA256()] = name
		}
		certificates += len(ca.all)
		set.cas = append(set.cas, ca)
	}
	if certificates > maxCertificates {
		return set, invalid(field+".cas", "the set has more than %d CA certificates", maxCertificates)
	}
	if row.Stale != nil {
		allow, err := row.Stale.AllowFor.span(field+".stale.allowFor", 0)
		if err != nil {
			return set, err
		}
		set.stale = &allow
	}
	return set, nil
}

func compileCA(field string, row CA) (*caPlan, error) {
	ca := &caPlan{row: row}
	var err error
	if ca.anchors, err = certificates(field+".anchors", row.Anchors); err != nil {
		return nil, err
	}
	if len(ca.anchors) == 0 {
		return nil, invalid(field+".anchors", "the CA has no anchor").To("give its root, or the CA certificate to trust, in PEM")
	}
	below, err := certificates(field+".intermediates", row.Intermediates)
	if err != nil {
		return nil, err
	}
	ca.all = slices.Concat(ca.anchors, below)
	if row.Level < 0 || row.Level > 9 {
		return nil, invalid(field+".level", "the level is not between 0 and 9")
	}
	for _, use := range row.Uses {
		if !slices.Contains([]string{UseLogin, UseSign, UseSeal, UseTimestamp, UseVPN}, use) {
			return nil, invalid(field+".uses", "%.32q is no use", use).To("use login, sign, seal, timestamp or vpn")
		}
	}
	if ca.stale, err = row.Stale.AllowFor.span(field+".stale.allowFor", 0); err != nil {
		return nil, err
	}
	if len(row.Revocation) > maxSources {
		return nil, invalid(field+".revocation", "there are more than %d sources", maxSources)
	}
	for _, source := range row.Revocation {
		one, err := compileSource(field+".revocation["+source.Name+"]", ca, source)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(ca.sources, func(s *sourcePlan) bool { return s.row.Name == source.Name }) {
			return nil, invalid(field+".revocation", "the name %s stands there twice", source.Name)
		}
		ca.sources = append(ca.sources, one)
	}
	if n := len(ca.sources); n > 1 && slices.ContainsFunc(ca.sources, func(s *sourcePlan) bool { return s.row.Kind == SourceNone }) {
		return nil, invalid(field+".revocation", "one source says that revocation does not matter, and there are others").To("keep either")
	}
	return ca, nil
}

// certificates reads PEM text.
func certificates(field, text string) (all []*verify.Certificate, err error) {
	for rest := []byte(text); len(bytes.TrimSpace(rest)) > 0; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != "CERTIFICATE" {
			return nil, invalid(field, "the text is not a sequence of PEM certificates").To("give nothing but blocks BEGIN CERTIFICATE")
		}
		c, err := verify.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, invalid(field, "certificate %d does not decode", len(all)+1).Because(err)
		}
		if !c.IsCA() {
			return nil, invalid(field, "certificate %d is not a CA's", len(all)+1).To("give CA certificates only")
		}
		if slices.ContainsFunc(all, func(other *verify.Certificate) bool { return other.SHA256() == c.SHA256() }) {
			return nil, invalid(field, "certificate %d stands there twice", len(all)+1)
		}
		all = append(all, c)
	}
	return all, nil
}

func compileSource(field string, ca *caPlan, row Source) (*sourcePlan, error) {
	s := &sourcePlan{ca: ca.row.Name, row: row, signers: ca.all, maxBytes: row.MaxBytes}
	if !rowName.MatchString(row.Name) {
		return nil, invalid(field+".name", "it is no name").To("use letters, digits and hyphens")
	}
	var err error
	if s.every, err = row.Every.span(field+".every", time.Second); err != nil {
		return nil, err
	}
	if s.maxAge, err = row.MaxAge.span(field+".maxAge", time.Second); err != nil {
		return nil, err
	}
	if s.maxBytes < 0 || s.maxBytes > maxListBytes {
		return nil, invalid(field+".maxBytes", "a list may have at most %d octets", maxListBytes)
	} else if s.maxBytes == 0 {
		s.maxBytes = usualListBytes
	}
	for _, text := range row.Allow {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, invalid(field+".allow", "%.64q is no network", text).To("write it as 127.0.0.0/8")
		}
		s.allow = append(s.allow, prefix.Masked())
	}
	if row.Roots != "" {
		s.roots = x509.NewCertPool()
		if !s.roots.AppendCertsFromPEM([]byte(row.Roots)) {
			return nil, invalid(field+".roots", "there is no certificate in it").To("give the CA of the server in PEM (RSA or ECDSA)")
		}
	}
	if err := s.place(field, ca); err != nil {
		return nil, err
	}
	return s, s.identify(ca)
}

// place reads what the kind of source needs.
func (s *sourcePlan) place(field string, ca *caPlan) error {
	var schemes []string
	switch s.row.Kind {
	case SourceCRL:
		schemes = []string{"http", "https", "ldap", "ldaps", "file"}
	case SourceOCSP:
		schemes = []string{"http", "https"}
	case SourceJournal:
		if s.row.Issuer == "" || len(s.row.Issuer) > 64 {
			return invalid(field+".issuer", "the journal's name of the CA is missing")
		}
		return s.concern(field, ca)
	case SourceUpload, SourceNone:
	default:
		return invalid(field+".kind", "%.16q is no kind of source", s.row.Kind).To("use crl, upload, ocsp, journal or none")
	}
	if s.row.URL == "" {
		if s.row.Kind == SourceCRL {
			return invalid(field+".url", "a list needs its address")
		}
		return nil
	}
	if schemes == nil {
		return invalid(field+".url", "a source of kind %s has no address", s.row.Kind)
	}
	address, err := url.Parse(s.row.URL)
	if err != nil || !slices.Contains(schemes, address.Scheme) {
		return invalid(field+".url", "the address is none of %s", strings.Join(schemes, ", "))
	}
	if address.User != nil {
		return invalid(field+".url", "a password may not stand in an address").To("use user and passwordFile")
	}
	if s.row.PasswordFile != "" && (address.Scheme == "http" || address.Scheme == "ldap") {
		return invalid(field+".url", "the password would cross the network in clear").To("use %ss", address.Scheme)
	}
	if address.Scheme == "file" {
		if address.Host != "" || !filepath.IsAbs(address.Path) {
			return invalid(field+".url", "a file needs an absolute path, as in file:///srv/lists/ca.crl")
		}
	} else if address.Hostname() == "" {
		return invalid(field+".url", "the address names no host")
	}
	if strings.HasPrefix(address.Scheme, "ldap") {
		if _, err := parseDirectoryURL(address); err != nil {
			return invalid(field+".url", "the address of the directory's entry does not decode").
				To("write ldap://host/DN?certificateRevocationList;binary").Because(err)
		}
	}
	s.url = address
	return nil
}

// concern finds the CA certificate a journal speaks about: the one named, or the only
// one that could be meant.
func (s *sourcePlan) concern(field string, ca *caPlan) error {
	candidates := ca.all
	if len(candidates) > len(ca.anchors) {
		candidates = candidates[len(ca.anchors):]
	}
	if s.row.Of == "" && len(candidates) == 1 {
		s.about = candidates[0]
		return nil
	}
	for _, c := range ca.all {
		if id := c.SHA256(); s.row.Of != "" && strings.EqualFold(hex.EncodeToString(id[:]), s.row.Of) {
			s.about = c
			return nil
		}
	}
	return invalid(field+".of", "the CA has several certificates and it is not said which one the journal speaks about").
		To("give the SHA-256 of that certificate in hexadecimal")
}

// identify makes the keys of the source. Of the CA's certificates only what matters to its
// kind is in them: a journal and a responder go on when others come and go.
func (s *sourcePlan) identify(ca *caPlan) error {
	var certificates [][sha256.Size]byte
	switch {
	case s.about != nil:
		certificates = append(certificates, s.about.SHA256())
	case s.row.Kind != SourceOCSP:
		for _, c := range ca.all {
			certificates = append(certificates, c.SHA256())
		}
	}
	text, err := json.Marshal(struct {
		CA           string
		Certificates [][sha256.Size]byte
		Source       Source
	}{ca.row.Name, certificates, s.row})
	s.key = sha256.Sum256(text)
	s.where = sha256.Sum256([]byte(strings.Join([]string{ca.row.Name, s.row.Name, s.row.Kind, s.row.URL}, "\x00")))
	return err
}

// span reads a time span; "" is 0.
func (t SpanText) span(field string, least time.Duration) (time.Duration, error) {
	if t == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(string(t))
	if err != nil || d < least || d > 100*24*time.Hour {
		return 0, invalid(field, "%.32q is no time span between %v and 2400h", string(t), least).To("write it as 90s, 15m or 24h")
	}
	return d, nil
}
