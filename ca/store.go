package ca

import (
	"embed"
	"time"

	"onecert/audit"
	"onecert/pki"
	"onecert/status"
)

//go:embed migrations
var migrations embed.FS

// orderRow is a line of ca_order; reading and writing use the same fields.
type orderRow struct {
	application, act, digest string
	issuer, profile          string
	kind                     Kind
	family, holder           string
	skeleton, spelling       string
	keyHash                  string
	form                     pki.Form
	sealedTo                 string
	predecessor              string // serial; with another issuer: issuer/serial
	reason                   pki.Reason
	decision, actor          string
	created                  time.Time
	serials                  []serialRow
	onePerHolder, lookAlikes bool // the checks before it is stored
	// From where on things may have been named that were looked for, and how many
	// compromises were known then; 0: nothing was looked for.
	looked, asOf int64
}

type serialRow struct {
	serial               pki.Serial
	role                 string
	previous             pki.Serial // the certificate of the same role this one follows
	escrow               pki.Serial // under which the KMC knows the key; its own serial for a new key
	profile, profileHash string
}

var orderColumns = []string{"application", "act", "digest", "issuer", "profile", "kind", "family", "holder",
	"skeleton", "spelling", "key_hash", "form", "sealed_to", "predecessor", "reason", "decision", "actor", "created"}

func (o *orderRow) values() []any {
	return []any{o.application, o.act, o.digest, o.issuer, o.profile, string(o.kind), o.family, o.holder,
		o.skeleton, o.spelling, o.keyHash, string(o.form), o.sealedTo, o.predecessor, int(o.reason), o.decision, o.actor,
		o.created.UnixMilli()}
}

// intent is what stands before the signature: the order with its serials, the bytes
// fixed once, and the audit entry.
type intent struct {
	order *orderRow
	certs []intended
	act   audit.Act
	asOf  int64 // out: how many compromises were known when it was stored
	named []string
}

// newPair returns the certificate of a pair new from the KMC, nil without one.
func (in *intent) newPair() *intended {
	for i := range in.certs {
		if in.certs[i].envelope != nil {
			return &in.certs[i]
		}
	}
	return nil
}

type intended struct {
	serial              pki.Serial
	role                string
	keyHash, subject    string
	notBefore, notAfter time.Time
	partition           int
	tbs                 []byte
	envelope            *pki.Envelope
}

var certificateColumns = []string{"issuer", "serial", "application", "role", "previous", "escrow", "profile", "profile_hash",
	"key_hash", "subject", "not_before", "not_after", "crl_part", "tbs", "envelope_format", "envelope"}

// values is the row of one certificate.
func (in *intent) values(i int) []any {
	o, s, c := in.order, in.order.serials[i], in.certs[i]
	format, sealed := "", []byte(nil)
	if c.envelope != nil {
		format, sealed = c.envelope.Format, c.envelope.DER
	}
	return []any{o.issuer, string(s.serial), o.application, s.role, string(s.previous), string(s.escrow), s.profile, s.profileHash,
		c.keyHash, c.subject, c.notBefore.UnixMilli(), c.notAfter.UnixMilli(), c.partition, c.tbs, format, sealed}
}

// completion releases signatures: with this commit the certificates exist, both
// or neither, and the journal says so; what they replace is revoked in it too.
type completion struct {
	application string
	keyHash     string // of the signing key
	asOf        int64  // how many compromises were known when it was found good; 0: look
	signatures  []released
	changes     []status.Change
	acts        []audit.Act  // for the predecessors' revocation
	replacing   *storedOrder // the order, where that says that the old key is bad; changes and acts then come with the commit
}

type released struct {
	role      string
	signature []byte
}
