package wire

import (
	"context"
	"os"
	"path/filepath"

	"onecert/keys"
	"onecert/pki"
)

// NewSeat says who takes a seat at a registration, and where the identity is.
type NewSeat struct {
	Dir      string // of an identity; one is made where Certificate is given
	RA, Code string
	// Certificate (PEM, one's own first), Key (file), PassFile and Trust (PEM of roots)
	// are of somebody who has no identity yet: an officer the CA itself does not know.
	Certificate, Trust []byte
	Key, PassFile      string
}

// JoinRA registers a certificate at a registration with a code, and notes the
// registration in identity.yaml.
func JoinRA(ctx context.Context, n NewSeat) (Joined, error) {
	if n.Certificate == nil {
		return joinKnown(ctx, n)
	}
	path := filepath.Join(n.Dir, sessionName)
	if _, err := os.Lstat(path); err == nil {
		return Joined{}, pki.Errorf(pki.Conflict, "identity.exists", "%s holds an identity already", n.Dir).To("choose another folder")
	}
	blocks := pemBlocks(n.Certificate)
	if len(blocks) == 0 {
		return Joined{}, pki.Errorf(pki.Invalid, "join.certificate", "the certificate to register is not PEM").To("give the bundle.pem the CA has issued")
	}
	identity, err := n.identity()
	if err != nil {
		return Joined{}, err
	}
	// The files come first: a code is used once, and what it was used for is not lost.
	for name, text := range map[string][]byte{identityOwn: n.Certificate, identityTrust: n.Trust} {
		if err := ReplaceFile(filepath.Join(n.Dir, name), text, 0o644); err != nil {
			return Joined{}, err
		}
	}
	joined, err := Join(ctx, n.RA, n.Trust, JoinOrder{Code: n.Code, Certificate: blocks[0]})
	if err != nil {
		return joined, err
	}
	return joined, SaveSession(n.Dir, identity)
}

// identity is what will be noted; the folder is made.
func (n NewSeat) identity() (Identity, error) {
	if err := os.MkdirAll(n.Dir, 0o700); err != nil {
		return Identity{}, pki.Errorf(pki.Invalid, "identity.folder", "the folder %s cannot be made", n.Dir).Because(err)
	}
	place := keys.URI{}
	for _, file := range []struct {
		path string
		into *string
	}{{n.Key, &place.Path}, {n.PassFile, &place.Pass}} {
		if file.path == "" {
			continue
		}
		full, err := filepath.Abs(file.path)
		if err != nil {
			return Identity{}, pki.Errorf(pki.Invalid, "identity.pass", "the file %s has no path", file.path).Because(err)
		}
		*file.into = full
	}
	return Identity{RA: n.RA, Certificate: identityOwn, Key: place.String(), Trust: identityTrust}, nil
}

func joinKnown(ctx context.Context, n NewSeat) (Joined, error) {
	identity, err := LoadSession(n.Dir)
	if err != nil {
		return Joined{}, err
	}
	trust, err := os.ReadFile(resolve(n.Dir, identity.Trust))
	if err != nil {
		return Joined{}, pki.Errorf(pki.Invalid, "config.certificate", "the certificate file %s cannot be read", identity.Trust).Because(err)
	}
	chain, err := identity.Chain()
	if err != nil {
		return Joined{}, err
	}
	joined, err := Join(ctx, n.RA, trust, JoinOrder{Code: n.Code, Certificate: chain[0]})
	if err != nil {
		return joined, err
	}
	identity.RA = n.RA
	return joined, replaceConfig(filepath.Join(n.Dir, sessionName), identity)
}
