package ceremony

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// Report is what a transcript says and whether it can be believed. It is whole when
// Faults is empty.
type Report struct {
	Title     string    `json:"title"`
	Version   string    `json:"version"`
	Rehearsal bool      `json:"rehearsal"`
	Ended     bool      `json:"ended"`
	Aborted   string    `json:"aborted,omitempty"` // why
	Begin     time.Time `json:"begin"`
	End       time.Time `json:"end"`
	Plan      string    `json:"plan"`    // SHA-256 of the reviewed file
	State     string    `json:"state"`   // SHA-256 of the roots' state after it
	Hash      string    `json:"hash"`    // of the line that ends it
	Signers   []string  `json:"signers"` // whose signatures verify
	Trusted   bool      `json:"trusted"` // one of them belongs to a certificate the caller trusts
	Missing   []string  `json:"missing"` // files that are not there to be compared
	Faults    []string  `json:"faults"`
	Entries   []Entry   `json:"-"`
}

// maxTranscript bounds a transcript read from outside.
const maxTranscript = 64 << 20

// VerifyFolder verifies the transcript of a ceremony's folder with the files beside it.
func VerifyFolder(out string, trust ...*smx509.Certificate) (*Report, error) {
	file, err := os.Open(filepath.Join(out, transcriptFile))
	if err != nil {
		return nil, pki.Errorf(pki.Invalid, "ceremony.transcript", "there is no %s in %s", transcriptFile, out).To("name a ceremony's folder or its transcript").Because(err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxTranscript+1))
	if err != nil || len(data) > maxTranscript {
		return nil, pki.Errorf(pki.Invalid, "ceremony.transcript", "the transcript cannot be read or is too large").Because(err)
	}
	folder := resultFolder
	if exists(filepath.Join(out, workFolder)) {
		folder = workFolder
	}
	return Verify(data, os.DirFS(filepath.Join(out, folder)), trust...)
}

// Verify follows a transcript line by line: the chain of hashes, the order of acts, the
// signatures at its end, and the files of the result where they are there. Files nil
// leaves them out. What is wrong is a fault of the report, each with its line; an error
// means that the text is no transcript at all.
func Verify(data []byte, files fs.FS, trust ...*smx509.Certificate) (*Report, error) {
	v := &verifier{report: &Report{Signers: []string{}, Missing: []string{}, Faults: []string{}}, previous: originHash,
		proposed: map[string]Entry{}, confirmed: map[string]bool{}, keys: map[string]string{}, files: files, trust: trust}
	for line := range bytes.Lines(data) {
		v.line(bytes.TrimSuffix(line, []byte("\n")))
	}
	if v.number == 0 || len(v.report.Entries) == 0 {
		return nil, pki.Errorf(pki.Invalid, "ceremony.transcript", "this is not a ceremony's transcript").To("name the %s of a ceremony", transcriptFile)
	}
	if !bytes.HasSuffix(data, []byte("\n")) {
		v.fault("the last line is cut")
	}
	v.close()
	return v.report, nil
}

// verifier follows the lines.
type verifier struct {
	report    *Report
	number    int
	previous  string
	last      time.Time
	own       string            // key of the ceremony, hashed
	keys      map[string]string // of CAs by id, hashed
	proposed  map[string]Entry  // by hash of the octets to be signed
	confirmed map[string]bool
	closing   string   // hash of the line that ended or aborted it
	signers   []string // who must sign that
	files     fs.FS
	trust     []*smx509.Certificate
}

func (v *verifier) fault(text string, args ...any) {
	v.report.Faults = append(v.report.Faults, fmt.Sprintf("line %d: ", v.number)+fmt.Sprintf(text, args...))
}

func (v *verifier) line(line []byte) {
	v.number++
	hashed := lineHash(line)
	defer func() { v.previous = hashed }()
	var e Entry
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&e); err != nil || decoder.Decode(new(json.RawMessage)) != io.EOF {
		v.fault("it is no entry")
		return
	}
	if again, err := encodeEntry(e); err != nil || !bytes.Equal(again, line) {
		v.fault("it is not written as entries are")
	}
	if e.Previous != v.previous {
		v.fault("it does not follow the line before: one of the two was changed, or lines are missing")
	}
	if e.Number != v.number {
		v.fault("it says it is entry %d", e.Number)
	}
	if e.At.Before(v.last) {
		v.fault("it is earlier than the line before")
	} else if e.Act == actSignature && !e.At.Equal(v.last) {
		v.fault("signatures bear the time of the end")
	}
	v.last = e.At
	if (e.Act == actBegin) != (v.number == 1) {
		v.fault("the first line, and no other, begins a transcript")
	}
	if v.closing != "" && e.Act != actSignature {
		v.fault("something was added after the end")
	}
	v.report.Entries = append(v.report.Entries, e)
	v.entry(e, hashed)
}

func (v *verifier) entry(e Entry, hashed string) {
	switch e.Act {
	case actBegin:
		v.begin(e)
	case actKeyMade, actKeyOpened:
		v.keys[e.Object] = e.Detail["key"]
	case actProposed:
		v.propose(e)
	case actConfirmed:
		v.confirmed[e.Detail["sha256"]] = true
	case actSigned:
		v.signed(e)
	case actFile:
		v.file(e)
	case actState:
		v.report.State = e.Detail["sha256"]
	case actEnd:
		v.report.Ended, v.report.End, v.report.Hash, v.closing = true, e.At, hashed, hashed
		v.signers = strings.Fields(e.Detail["signers"])
		for _, name := range append([]string{ceremonyKey}, slices.Sorted(maps.Keys(v.keys))...) {
			if !slices.Contains(v.signers, name) {
				v.fault("%s was there and is not named as signing", name)
			}
		}
	case actAborted:
		v.report.Aborted, v.report.End, v.report.Hash, v.closing = e.Detail["wrong"], e.At, hashed, hashed
		v.signers = []string{ceremonyKey}
	case actSignature:
		v.signature(e)
	}
}

func (v *verifier) begin(e Entry) {
	r := v.report
	r.Title, r.Version, r.Begin, r.Plan = e.Detail["title"], e.Detail["version"], e.At, e.Detail["plan"]
	r.Rehearsal = e.Detail["rehearsal"] == "true"
	spki, err := base64.StdEncoding.DecodeString(e.Detail["key"])
	if err != nil || len(spki) == 0 {
		v.fault("the ceremony's own key is missing")
		return
	}
	v.own = pki.KeyHash(spki)
}

// propose checks that the octets shown are those of the hash.
func (v *verifier) propose(e Entry) {
	tbs, err := base64.StdEncoding.DecodeString(e.Detail["tbs"])
	if err != nil || hash(tbs) != e.Detail["sha256"] {
		v.fault("the octets to be signed have another hash")
	}
	v.proposed[e.Object+" "+e.Detail["kind"]] = e
}

// signed checks that it was proposed and confirmed before.
func (v *verifier) signed(e Entry) {
	proposed, ok := v.proposed[e.Object+" "+e.Detail["kind"]]
	if !ok || !v.confirmed[proposed.Detail["sha256"]] {
		v.fault("the %s %s was signed without having been shown and confirmed", e.Detail["kind"], e.Object)
	}
}

// file compares a file of the result. Those of the state live elsewhere.
func (v *verifier) file(e Entry) {
	if v.files == nil || !fs.ValidPath(e.Object) {
		return
	}
	data, err := fs.ReadFile(v.files, e.Object)
	switch {
	case errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(e.Object, stateFolder+"/"):
	case errors.Is(err, fs.ErrNotExist):
		v.report.Missing = append(v.report.Missing, e.Object)
	case err != nil:
		v.fault("the file %s cannot be read", e.Object)
	case hash(data) != e.Detail["sha256"]:
		v.fault("the file %s is not the one that was made", e.Object)
	}
}

// signature checks a key's signature over the end.
func (v *verifier) signature(e Entry) {
	spki, err := base64.StdEncoding.Strict().DecodeString(e.Detail["key"])
	if err != nil {
		v.fault("the key of %s is malformed", e.Object)
		return
	}
	want := v.keys[e.Object]
	if e.Object == ceremonyKey {
		want = v.own
	}
	signature, err := base64.StdEncoding.Strict().DecodeString(e.Detail["signature"])
	public, keyErr := pki.ParsePublicKey(spki)
	switch {
	case want == "" || pki.KeyHash(spki) != want:
		v.fault("the signature of %s is by another key than was used", e.Object)
	case e.Detail["over"] != v.closing || v.closing == "":
		v.fault("the signature of %s is over something else than the end", e.Object)
	case err != nil || keyErr != nil || !verifySignature(public, over(v.closing), signature):
		v.fault("the signature of %s does not verify", e.Object)
	default:
		v.report.Signers = append(v.report.Signers, e.Object)
		v.report.Trusted = v.report.Trusted || v.trusts(spki)
	}
}

func (v *verifier) trusts(spki []byte) bool {
	for _, c := range v.trust {
		if known, err := pki.MarshalPublicKey(c.PublicKey); err == nil && bytes.Equal(known, spki) {
			return true
		}
	}
	return false
}

// close checks that it ended, and that all have signed who should.
func (v *verifier) close() {
	if v.closing == "" {
		v.report.Aborted = "it breaks off without an end"
		return
	}
	have := map[string]bool{}
	for _, name := range v.report.Signers {
		have[name] = true
	}
	for _, name := range v.signers {
		if !have[name] {
			v.fault("the signature of %s is missing", name)
		}
	}
	if len(v.trust) > 0 && !v.report.Trusted {
		v.fault("no key of the trusted certificates has signed")
	}
}

// verifySignature checks a signature as keys.SignMessage makes it by default.
func verifySignature(public crypto.PublicKey, message, signature []byte) bool {
	suite, err := pki.SuiteOf(public)
	if err != nil {
		return false
	}
	switch key := public.(type) {
	case *rsa.PublicKey:
		sum := sha256.Sum256(message)
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil
	case *ecdsa.PublicKey:
		switch suite {
		case pki.SM2:
			return sm2.VerifyASN1WithSM2(key, nil, message, signature)
		case pki.P384:
			sum := sha512.Sum384(message)
			return ecdsa.VerifyASN1(key, sum[:], signature)
		}
		sum := sha256.Sum256(message)
		return ecdsa.VerifyASN1(key, sum[:], signature)
	}
	return false
}

// Err says in one line why a transcript is not the whole record of a ceremony that
// ended; nil where it is.
func (r *Report) Err() error {
	switch {
	case len(r.Faults) > 0:
		return pki.Errorf(pki.Invalid, "ceremony.tampered", "the transcript or its files were changed: %s", r.Faults[0]).
			To("compare it with the copies that others took away, and with the hash they wrote down")
	case !r.Ended:
		return pki.Errorf(pki.Conflict, "ceremony.aborted", "the ceremony did not end: %s", r.Aborted).
			To("nothing it made is valid; the record itself is whole")
	}
	return nil
}
