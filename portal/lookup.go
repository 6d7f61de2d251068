package portal

import (
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
	"onecert/status"
)

// mostUpload is the most octets of an uploaded file: a certificate in PEM with
// whatever a tool writes before it.
const mostUpload = 128 << 10

// mostBody is the most octets of a form: an upload, or a certificate that is sent once
// more in base64 to be shown in the other language.
const mostBody = 2 * mostUpload

// lookup shows the form, or what was asked for by it: a serial or a holder id.
func (p *Portal) lookup(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	serial, holder := strings.TrimSpace(q.Get("serial")), strings.TrimSpace(q.Get("holder"))
	switch {
	case serial != "":
		p.bySerial(w, r, q.Get("issuer"), serial)
	case holder != "":
		p.byHolder(w, r, holder)
	default:
		p.show(w, r, http.StatusOK, "lookup", p.cfg.Authorities())
	}
}

// bySerial sends the visitor to the certificate's own page. Without an issuer every
// one is tried: serials are random, so one alone has it.
func (p *Portal) bySerial(w http.ResponseWriter, r *http.Request, issuer, text string) {
	serial, err := parseSerial(text)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	for _, a := range p.cfg.Authorities() {
		if issuer != "" && a.ID != issuer {
			continue
		}
		_, err := p.cfg.Status.Record(r.Context(), a.ID, serial)
		if err == nil {
			http.Redirect(w, r, "/certificates/"+a.ID+"/"+string(serial), http.StatusSeeOther)
			return
		}
		if pki.KindOf(err) != pki.Unknown {
			p.fail(w, r, err)
			return
		}
	}
	p.fail(w, r, unknownCertificate())
}

func unknownCertificate() error {
	return pki.Errorf(pki.Unknown, "portal.certificate", "no certificate with this serial number was issued here").
		To("compare the number with the certificate's own; it is hexadecimal")
}

// parseSerial takes serials as tools print them: with colons, spaces or 0x.
func parseSerial(text string) (pki.Serial, error) {
	plain := strings.NewReplacer(":", "", " ", "", "-", "").Replace(strings.ToLower(text))
	plain = strings.TrimPrefix(plain, "0x")
	if len(plain) > 2*pki.SerialOctets+2 {
		return "", pki.Errorf(pki.Invalid, "portal.serial", "this is no serial number").To("it has at most 40 hexadecimal digits")
	}
	if len(plain)%2 == 1 {
		plain = "0" + plain
	}
	serial, err := pki.ParseSerial(plain)
	if err != nil {
		return "", pki.Errorf(pki.Invalid, "portal.serial", "this is no serial number").To("it has at most 40 hexadecimal digits")
	}
	return serial, nil
}

var holderForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.:-]{0,63}$`)

// identityForm is what an identity number looks like, rightly typed or not: it must
// not become part of an address that logs keep.
var identityForm = regexp.MustCompile(`^(\d{17}[0-9Xx]|\d{15})$`)

func isHolder(text string) bool {
	return holderForm.MatchString(text) && !identityForm.MatchString(text) && !pki.HidesIdentity(text)
}

// line is a certificate among others.
type line struct {
	Issuer string
	Serial pki.Serial
	Role   string
	State  pki.State
	Facts  *facts
}

func (p *Portal) byHolder(w http.ResponseWriter, r *http.Request, holder string) {
	if !isHolder(holder) {
		p.fail(w, r, pki.Errorf(pki.Invalid, "portal.holder", "this is no holder id").
			To("the holder id stands in the certificate's subject, as serialNumber; never enter an identity number"))
		return
	}
	found, err := p.cfg.Directory.Holder(r.Context(), holder)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	lines := []line{}
	for _, c := range found {
		f, err := factsOf(c.DER)
		if err != nil {
			continue
		}
		record, err := p.cfg.Status.Record(r.Context(), c.Issuer, c.Serial)
		if err != nil {
			p.fail(w, r, err)
			return
		}
		lines = append(lines, line{c.Issuer, c.Serial, c.Role, record.State.At(p.cfg.Now(), record.NotAfter), f})
	}
	p.show(w, r, http.StatusOK, "holder", lines)
}

// upload answers for a file the visitor brought: it is looked at and not kept.
func (p *Portal) upload(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, mostBody)
	// Not by GET: what people type by mistake must not become part of an address.
	if holder := strings.TrimSpace(r.PostFormValue("holder")); holder != "" {
		if isHolder(holder) {
			r = repeatable(r, "holder", holder)
		}
		p.byHolder(w, r, holder)
		return
	}
	cert, err := broughtBy(r)
	if err != nil {
		p.fail(w, repeatable(r, "wrong", pki.CodeOf(err)), err)
		return
	}
	r = repeatable(r, "certificate", carried(cert))
	if p.ownCA(w, r, cert) {
		return
	}
	for _, a := range p.cfg.Authorities() {
		if issuedBy(cert, a) {
			p.answer(w, r, a, pki.SerialOf(cert.SerialNumber), cert.Raw)
			return
		}
	}
	p.fail(w, r, pki.Errorf(pki.Unknown, "portal.foreign", "this certificate was not issued here").
		To("ask the service that issued it; its name stands in the certificate as issuer"))
}

// broughtBy returns the certificate of a request; or once more what was wrong with an
// earlier one, to be told in the other language.
func broughtBy(r *http.Request) (*smx509.Certificate, error) {
	switch code := r.PostFormValue("wrong"); code {
	case "portal.file", "portal.upload":
		return nil, pki.Errorf(pki.Invalid, code, "told once more")
	}
	raw, err := uploaded(r)
	if err != nil {
		return nil, err
	}
	return readCertificate(raw)
}

func uploaded(r *http.Request) ([]byte, error) {
	refused := pki.Errorf(pki.Invalid, "portal.upload", "no certificate came along").To("choose a file of at most 128 KiB")
	if text := r.PostFormValue("certificate"); text != "" { // to be shown in the other language
		return []byte(text), nil
	}
	file, _, err := r.FormFile("certificate")
	if err != nil {
		return nil, refused.Because(err)
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, mostUpload+1))
	if err != nil || len(raw) == 0 || len(raw) > mostUpload {
		return nil, refused.Because(err)
	}
	return raw, nil
}

// certificate is the page of one certificate.
func (p *Portal) certificate(w http.ResponseWriter, r *http.Request) {
	serial, err := parseSerial(r.PathValue("serial"))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	for _, a := range p.cfg.Authorities() {
		if a.ID == r.PathValue("issuer") {
			p.answer(w, r, a, serial, nil)
			return
		}
	}
	p.fail(w, r, unknownCertificate())
}

// life is what the page of a certificate shows.
type life struct {
	Authority Authority
	Serial    pki.Serial
	State     pki.State
	Reason    pki.Reason
	Since     time.Time
	NotAfter  time.Time
	Entries   []status.Entry
	Facts     *facts // nil for a certificate that is not published
	Chain     []facts
	Own       bool // the visitor brought it
}

// answer shows a certificate's state and life. der is what the visitor brought; nil
// where only the directory knows it, or nobody may.
func (p *Portal) answer(w http.ResponseWriter, r *http.Request, a Authority, serial pki.Serial, der []byte) {
	entries, err := p.cfg.Status.History(r.Context(), a.ID, serial)
	if pki.KindOf(err) == pki.Unknown {
		err = unknownCertificate()
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	record, err := p.cfg.Status.Record(r.Context(), a.ID, serial)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	l := life{Authority: a, Serial: serial, State: record.State.At(p.cfg.Now(), record.NotAfter), Reason: record.Reason,
		Since: record.Changed, NotAfter: record.NotAfter, Entries: entries, Own: der != nil, Chain: chainOf(a)}
	if der == nil {
		published, err := p.cfg.Directory.Certificate(r.Context(), a.ID, serial)
		if err != nil && pki.KindOf(err) != pki.Unknown {
			p.fail(w, r, err)
			return
		}
		if err == nil {
			der = published.DER
		}
	}
	if der != nil {
		if l.Facts, err = factsOf(der); err != nil {
			p.fail(w, r, errors.Join(pki.Errorf(pki.Invalid, "portal.read", "the certificate cannot be read"), err))
			return
		}
	}
	p.show(w, r, http.StatusOK, "certificate", l)
}
