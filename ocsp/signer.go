package ocsp

import (
	"bytes"
	"context"
	"crypto/sha1" // ResponderID by key is SHA-1 by definition (RFC 6960 4.2.1)
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/keys"
	"onecert/pki"
)

// signer is a key with its certificate: what the answers of one issuer are signed
// with. The certificate stands in each answer, so those it signed stay good when the
// next one takes over.
type signer struct {
	number    int
	key       *keys.Key
	keyHash   []byte
	algorithm []byte
	tail      []byte // [0] EXPLICIT SEQUENCE OF Certificate
	notBefore time.Time
	notAfter  time.Time
}

// What stands for the issuer's id and the renewal's number in Config.Key.
const (
	placeIssuer = "{issuer}"
	placeNumber = "{n}"
)

// signerLook is how often half of a certificate's life is looked for, and a failed
// renewal tried again.
const signerLook = 30 * time.Second

// enrolTimeout keeps a CA that hangs from holding up the other issuers.
const enrolTimeout = time.Minute

func (s *signer) renewAt() time.Time { return s.notBefore.Add(s.notAfter.Sub(s.notBefore) / 2) }

// keepSigners gives each issuer a signer, and the next one at half of its life.
func (r *Responder) keepSigners(ctx context.Context) {
	tick := time.NewTicker(signerLook)
	defer tick.Stop()
	for {
		r.renewSigners(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (r *Responder) renewSigners(ctx context.Context) {
	if r.cfg.Enroller == nil {
		return
	}
	r.renewing.Lock() // two would make one key
	defer r.renewing.Unlock()
	for _, i := range r.issuers {
		now := r.cfg.Now()
		if s := i.signer.Load(); s != nil && now.Before(s.renewAt()) {
			continue
		}
		if err := r.renewSigner(ctx, i); err != nil && ctx.Err() == nil {
			r.fail(i, "ocsp.enrol", wrap("renewing the responder's certificate of "+i.ID, err))
		}
	}
}

// codeSigning is the failure of a key that is there and does not sign.
const codeSigning = "ocsp.failing"

// fail notes what does not work for an issuer and logs it, once until it changes.
func (r *Responder) fail(i *issuer, code string, err error) {
	if old := i.failed.Swap(&failed{code, code == codeSigning}); old == nil || old.code != code {
		r.cfg.Log.Error("an OCSP issuer cannot be served", "issuer", i.ID, "code", code, "error", err)
	}
}

// renewSigner makes a key, has it certified, stores the certificate and uses it. What
// a failed attempt left is used by the next.
func (r *Responder) renewSigner(ctx context.Context, i *issuer) error {
	number := 1
	if all := r.numbers(i); len(all) > 0 {
		number = all[0] + 1
	}
	key, err := r.makeKey(i, number)
	if err != nil {
		return err
	}
	request, application, err := r.order(key, number)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, enrolTimeout)
	defer cancel()
	der, err := r.cfg.Enroller.Enrol(ctx, i.ID, application, request)
	if err != nil {
		return wrap("asking the CA", err)
	}
	s, err := newSigner(i, number, key, der, r.cfg.Now())
	if err != nil {
		return err
	}
	if err := replaceFile(r.certificateFile(i, number), der); err != nil {
		return err
	}
	i.signer.Store(s)
	i.failed.Store(nil)
	r.cfg.Log.Info("the OCSP responder has a new certificate", "issuer", i.ID, "number", number, "until", s.notAfter)
	r.retire(i, number)
	return nil
}

// order is the PKCS#10 request of a key, and the name it is asked under: the same for
// the same key, number and day. The day is for a key in a card whose folder was lost:
// its numbers begin anew, and what they named then has expired.
func (r *Responder) order(key *keys.Key, number int) (request []byte, application string, err error) {
	subject, err := r.cfg.Subject.DER()
	if err != nil {
		return nil, "", wrap("encoding the responder's name", err)
	}
	request, err = smx509.CreateCertificateRequest(nil, &smx509.CertificateRequest{RawSubject: subject}, key)
	if err != nil {
		return nil, "", wrap("making a request", err)
	}
	spki, err := pki.MarshalPublicKey(key.Public())
	if err != nil {
		return nil, "", err
	}
	return request, fmt.Sprintf("ocsp-%s-%d-%s", pki.KeyHash(spki)[:32], number, r.cfg.Now().UTC().Format("20060102")), nil
}

func (r *Responder) keyURI(i *issuer, number int) string {
	return strings.NewReplacer(placeIssuer, i.ID, placeNumber, strconv.Itoa(number)).Replace(r.cfg.Key)
}

// makeKey makes the key of a number, or opens it where an earlier attempt made it.
func (r *Responder) makeKey(i *issuer, number int) (*keys.Key, error) {
	uri := r.keyURI(i, number)
	key, err := keys.Open(uri, r.cfg.Keys)
	if pki.CodeOf(err) == "key.missing" {
		key, err = keys.Generate(uri, i.suite, r.cfg.Keys)
	}
	if err != nil {
		return nil, wrap("making a key", err)
	}
	if key.Suite().Family() != i.suite.Family() {
		return nil, pki.Errorf(pki.Invalid, "ocsp.key", "the responder's key for issuer %s is not of the issuer's kind", i.ID).
			To("answers of an %s issuer are signed by an %s key", i.suite.Family(), i.suite.Family())
	}
	return key, nil
}

func (r *Responder) certificateFile(i *issuer, number int) string {
	return filepath.Join(r.cfg.Dir, i.ID+"."+strconv.Itoa(number)+".cer")
}

// numbers lists the renewals an issuer has certificates of, the newest first.
func (r *Responder) numbers(i *issuer) (all []int) {
	files, _ := filepath.Glob(filepath.Join(r.cfg.Dir, i.ID+".*.cer"))
	for _, file := range files {
		text := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), i.ID+"."), ".cer")
		if n, err := strconv.Atoi(text); err == nil && n > 0 {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	slices.Reverse(all)
	return all
}

// openSigner takes the newest certificate whose key opens. If there is none, or it has
// expired, the next is made when Run begins.
func (r *Responder) openSigner(i *issuer) error {
	for _, number := range r.numbers(i) {
		der, err := os.ReadFile(r.certificateFile(i, number))
		if err != nil {
			return wrap("reading the responder's certificate", err)
		}
		key, err := keys.Open(r.keyURI(i, number), r.cfg.Keys)
		if err != nil {
			r.fail(i, "ocsp.key", wrap("opening the responder's key of "+i.ID, err))
			continue
		}
		s, err := newSigner(i, number, key, der, r.cfg.Now())
		if err != nil {
			r.fail(i, "ocsp.certificate", wrap("taking the responder's certificate of "+i.ID, err))
			continue
		}
		i.signer.Store(s)
		i.failed.Store(nil)
		return nil
	}
	return nil
}

// retire removes keys and certificates before a number: nothing is signed with them
// any more, and the answers they signed carry what is needed to check them.
func (r *Responder) retire(i *issuer, number int) {
	for _, old := range r.numbers(i) {
		if old >= number {
			continue
		}
		uri, err := keys.ParseURI(r.keyURI(i, old))
		if err == nil && !uri.Hardware() && strings.Contains(r.cfg.Key, placeNumber) {
			err = os.Remove(uri.Path)
		}
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			err = os.Remove(r.certificateFile(i, old))
		}
		if err != nil {
			r.cfg.Log.Warn("an old key of the OCSP responder cannot be removed", "issuer", i.ID, "number", old, "error", err)
		}
	}
}

// newSigner holds a certificate against what relying parties will ask of it (RFC 6960
// 4.2.2.2), so that a wrong one is noticed here and not by them.
func newSigner(i *issuer, number int, key *keys.Key, der []byte, now time.Time) (*signer, error) {
	c, err := smx509.ParseCertificate(der)
	if err != nil {
		return nil, wrap("reading the responder's certificate", err)
	}
	have, err := pki.MarshalPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	bits, err := publicBits(have)
	if err != nil {
		return nil, err
	}
	nocheck := slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(pki.OIDOCSPNoCheck) })
	want, _ := pki.MarshalPublicKey(c.PublicKey)
	switch {
	case !bytes.Equal(have, want):
		return nil, notResponder(i, "is of another key")
	case !bytes.Equal(c.RawIssuer, i.Certificate.RawSubject) || i.Certificate.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) != nil:
		return nil, notResponder(i, "is not signed by the issuer it is to answer for")
	case c.IsCA || c.KeyUsage&smx509.KeyUsageDigitalSignature == 0 || !slices.Contains(c.ExtKeyUsage, smx509.ExtKeyUsageOCSPSigning) || !nocheck:
		return nil, notResponder(i, "is not of an OCSP responder")
	case !now.Before(c.NotAfter):
		return nil, notResponder(i, "has expired")
	}
	hash := sha1.Sum(bits)
	tail := element(nil, tagExplicit0, element(nil, tagSequence, c.Raw))
	return &signer{number: number, key: key, keyHash: hash[:], algorithm: pki.AlgorithmIdentifier(key.Suite()), tail: tail,
		notBefore: c.NotBefore, notAfter: c.NotAfter}, nil
}

func notResponder(i *issuer, why string) error {
	return pki.Errorf(pki.Invalid, "ocsp.certificate", "the responder's certificate for issuer %s %s", i.ID, why).
		To("have it issued under profile ocsp-responder")
}

// publicBits returns the content of a SubjectPublicKeyInfo's BIT STRING, which is what
// CertID and ResponderID hash.
func publicBits(spki []byte) ([]byte, error) {
	input := cryptobyte.String(spki)
	var info cryptobyte.String
	var bits []byte
	if !input.ReadASN1(&info, cbasn1.SEQUENCE) || !info.SkipASN1(cbasn1.SEQUENCE) || !info.ReadASN1BitStringAsBytes(&bits) {
		return nil, errors.New("the public key cannot be read")
	}
	return bits, nil
}
