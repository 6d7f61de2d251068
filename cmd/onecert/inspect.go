package main

import (
	"github.com/spf13/cobra"

	"onecert/pki"
)

// maxListed is how many entries of a CRL are shown unless --all is given.
const maxListed = 50

// inspectCommand prints what certificates, CRLs and requests say.
func inspectCommand(io *console) *cobra.Command {
	var all bool
	command := &cobra.Command{Use: "inspect FILE", Short: io.text("cmd.inspect"), Long: io.text("cmd.inspect.long"), Args: io.oneFile}
	command.Flags().BoolVar(&all, "all", false, io.text("flag.inspect.all"))
	command.RunE = func(_ *cobra.Command, args []string) error { return io.inspect(args[0], all) }
	return command
}

func (io *console) inspect(path string, all bool) error {
	objects, err := io.readObjects(path)
	if err != nil {
		return err
	}
	facts := make([]*inspected, 0, len(objects))
	for _, o := range objects {
		f, err := inspectObject(o, all)
		if err != nil {
			return io.doing("doing.inspecting", o.source, err)
		}
		facts = append(facts, f)
	}
	return io.answer(map[string]any{"objects": facts}, func(p *printer) {
		for i, f := range facts {
			if i > 0 {
				p.line(0, "")
			}
			printInspected(p, f)
		}
	})
}

// inspected is everything one object says. Fields a kind has not stay empty.
type inspected struct {
	Source             string            `json:"source"`
	Kind               kind              `json:"kind"`
	Version            int               `json:"version"`
	Serial             pki.Serial        `json:"serial,omitempty"`
	SignatureAlgorithm algorithmFact     `json:"signature_algorithm"`
	Issuer             string            `json:"issuer,omitempty"`
	Subject            string            `json:"subject,omitempty"`
	NotBefore          string            `json:"not_before,omitempty"` // RFC 3339, UTC
	NotAfter           string            `json:"not_after,omitempty"`
	ThisUpdate         string            `json:"this_update,omitempty"`
	NextUpdate         string            `json:"next_update,omitempty"`
	Key                *keyFact          `json:"key,omitempty"`
	Revoked            []entryFact       `json:"revoked,omitempty"`
	RevokedTotal       int               `json:"revoked_total,omitempty"`
	Possession         *possessionFact   `json:"possession,omitempty"`
	Extensions         []extensionFact   `json:"extensions"`
	Signature          string            `json:"signature"` // hex
	Fingerprints       map[string]string `json:"fingerprints"`
}

// algorithmFact names an algorithm; Parameters is "absent", "NULL" or hex.
type algorithmFact struct {
	Name       string `json:"name"`
	OID        string `json:"oid"`
	Parameters string `json:"parameters"`
}

// keyFact is a public key. Bits is the size people quote; Point or Modulus is hex.
type keyFact struct {
	Algorithm algorithmFact `json:"algorithm"`
	Name      string        `json:"name"` // "SM2", "RSA", "ECDSA P-256"
	Bits      int           `json:"bits"`
	Point     string        `json:"point,omitempty"`
	Modulus   string        `json:"modulus,omitempty"`
	Exponent  string        `json:"exponent,omitempty"` // decimal
}

// entryFact is a revoked certificate in a CRL.
type entryFact struct {
	Serial     pki.Serial `json:"serial"`
	At         string     `json:"at"`
	Reason     string     `json:"reason"`
	Invalidity string     `json:"invalidity,omitempty"`
}

// possessionFact says whether a request proves possession of its key, and how.
type possessionFact struct {
	Holds bool     `json:"holds"`
	Form  pki.Form `json:"form,omitempty"`
	Wrong string   `json:"wrong,omitempty"`
	CFCA  bool     `json:"cfca"`
}

// extensionFact is an extension; Values are its content, one line each.
type extensionFact struct {
	OID      string   `json:"oid"`
	Name     string   `json:"name"` // of the standard, "keyUsage"; "" if we know none
	Critical bool     `json:"critical"`
	Values   []string `json:"values"`
}
