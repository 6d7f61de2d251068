package onecert

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/pem"
	"io"
	"net/http"
	"os"
	"time"

	"onecert/pki"
	"onecert/verify"
)

// The types of a verdict, as package verify has them.
type (
	Verdict  = verify.Verdict
	Reason   = verify.Reason
	Evidence = verify.Evidence
	Purpose  = verify.Purpose
	Profile  = verify.Profile
	Names    = verify.Names
)

// What a certificate is used for; see package verify.
const (
	Any       = verify.Any
	Sign      = verify.Sign
	Encrypt   = verify.Encrypt
	Server    = verify.Server
	Client    = verify.Client
	Email     = verify.Email
	Code      = verify.Code
	TimeStamp = verify.TimeStamp
)

// Options say whom to trust and how much fetching may cost. One of Trust and
// TrustFile is needed; every other zero value is a sensible choice.
type Options struct {
	TrustFile string // PEM or DER file of root certificates
	Trust     []byte // the same, as octets
	ChainFile string // PEM or DER file of CA certificates that help to build paths
	Chain     []byte

	Offline   bool          // fetch nothing; lists and answers come with the question
	Unchecked bool          // do not look at revocation at all
	Timeout   time.Duration // of one fetch; 0 for 10 seconds
	MaxList   int64         // octets of one list; 0 for 32 MiB
	KeepLists time.Duration // how long a fetched list is used again; 0 for 5 minutes
	HTTP      *http.Client  // nil for one of our own, without proxy cookies or credentials

	Profile Profile          // how strictly the form is judged; "" for what makes a path valid
	Now     func() time.Time // nil for the clock
}

// Verifier verifies certificates; it is safe for use by several goroutines.
type Verifier struct {
	roots, chain []*verify.Certificate
	source       verify.Source
	options      Options
}

// Question is one certificate to verify.
type Question struct {
	Certificate []byte // PEM or DER; further certificates in the PEM help to build the path
	Chain       []byte // CA certificates that came with it, PEM or DER
	Purpose     Purpose
	Names       Names     // names the certificate must have: hosts, addresses, mailboxes
	At          time.Time // the moment the verdict is about; zero for now
	Lists       [][]byte  // revocation lists at hand, DER
	Answers     [][]byte  // OCSP answers at hand, DER, such as one stapled to a handshake
}

// Skew is how far the clocks of lists and answers may be ahead of ours where a
// question is about now: they are made while we ask.
const Skew = 5 * time.Minute

// maxFile is the most octets of a trust or chain file.
const maxFile = 16 << 20

// New reads the trust anchors. Errors say what to mend.
func New(o Options) (*Verifier, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	v := &Verifier{options: o}
	for _, from := range []struct {
		file string
		data []byte
		into *[]*verify.Certificate
	}{{o.TrustFile, o.Trust, &v.roots}, {o.ChainFile, o.Chain, &v.chain}} {
		data := from.data
		if from.file != "" {
			read, err := readFile(from.file)
			if err != nil {
				return nil, err
			}
			data = append(append(bytes.Clone(data), '\n'), read...)
			if len(from.data) == 0 {
				data = read
			}
		}
		certificates, err := Certificates(data)
		if err != nil {
			return nil, err
		}
		*from.into = certificates
	}
	if len(v.roots) == 0 {
		return nil, pki.Errorf(pki.Invalid, "trust.none", "no trust anchor is given").To("set TrustFile to a file with the root certificates")
	}
	if !o.Offline {
		v.source = newSource(o)
	}
	return v, nil
}

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, pki.Errorf(pki.Unknown, "file.unreadable", "a file of certificates cannot be read").To("check its path and mode").Because(err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil || len(data) > maxFile {
		return nil, pki.Errorf(pki.Invalid, "file.size", "a file of certificates cannot be read, or is larger than %d MiB", maxFile>>20).Because(err)
	}
	return data, nil
}

// Certificates reads certificates, PEM or one in DER; no octets are no certificates.
func Certificates(data []byte) (all []*verify.Certificate, err error) {
	if bytes.HasPrefix(data, []byte{0x30}) {
		c, err := verify.ParseCertificate(data)
		if err != nil {
			return nil, err
		}
		return []*verify.Certificate{c}, nil
	}
	rest := data
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := verify.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	if len(all) == 0 && len(bytes.TrimSpace(data)) > 0 {
		return nil, pki.Errorf(pki.Invalid, "file.nothing", "there is no certificate in PEM or DER").To("give a file with a BEGIN CERTIFICATE line, or DER")
	}
	return all, nil
}

// Verify answers a question. The error is for input that does not decode; whether
// the certificate is good stands in the verdict alone.
func (v *Verifier) Verify(ctx context.Context, q Question) (Verdict, error) {
	request := verify.Request{Roots: v.roots, Purpose: q.Purpose, Names: q.Names, At: q.At, Profile: v.options.Profile}
	if request.Purpose == "" {
		request.Purpose = Any
	}
	if q.At.IsZero() {
		request.At, request.Skew = v.options.Now(), Skew
	}
	own, err := Certificates(q.Certificate)
	if err != nil {
		return Verdict{}, err
	}
	if len(own) > 0 {
		request.Certificate = own[0]
		request.Intermediates = own[1:]
	}
	sent, err := Certificates(q.Chain)
	if err != nil {
		return Verdict{}, err
	}
	request.Intermediates = append(append(append([]*verify.Certificate{}, request.Intermediates...), sent...), v.chain...)
	if v.options.Unchecked {
		request.Revocation = verify.Unchecked
		return verify.Check(ctx, request), nil
	}
	if err := evidence(q, &request); err != nil {
		return Verdict{}, err
	}
	if v.source != nil {
		request.Source, request.Random = v.source, rand.Reader
	}
	return verify.Check(ctx, request), nil
}

// evidence reads the lists and answers that come with a question.
func evidence(q Question, r *verify.Request) error {
	for _, der := range q.Lists {
		list, err := verify.ParseCRL(der)
		if err != nil {
			return err
		}
		r.Lists = append(r.Lists, list)
	}
	for _, der := range q.Answers {
		answer, err := verify.ParseAnswer(der)
		if err != nil {
			return err
		}
		r.Answers = append(r.Answers, answer)
	}
	return nil
}
