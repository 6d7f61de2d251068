package wire

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"onecert/ca"
	"onecert/keys"
	"onecert/pki"
)

// NewIdentity says whom a one-time code is to make, and where the identity goes.
type NewIdentity struct {
	Dir         string
	Server, KMC string
	Trust       []byte // PEM of roots
	Code        string
	Host        string    // of a site
	Suite       pki.Suite // of the key; RSA or ECDSA
	Cipher      keys.Cipher
	// PassFile is a file with the passphrase, named in identity.yaml; or Ask is asked,
	// twice for a new key, and nothing is noted.
	PassFile string
	Ask      func(path string, fresh bool) ([]byte, error)
}

// The files EnrolIdentity writes beside identity.yaml.
const (
	identityKey   = "key.pem"
	identityOwn   = "certificate.pem"
	identityTrust = "trust.pem"
)

// EnrolIdentity makes a key in a folder, turns the code into its certificate and
// writes identity.yaml last. Broken off before that, it goes on with the same key.
func EnrolIdentity(ctx context.Context, n NewIdentity) (ca.Enrolled, error) {
	if n.Suite == pki.SM2 {
		return ca.Enrolled{}, pki.Errorf(pki.NotImplemented, "identity.sm2", "officers with SM2 keys need TLCP, which is not built yet").
			To("use an RSA or ECDSA key to operate; holders' certificates may be SM2 all the same")
	}
	if _, err := os.Lstat(filepath.Join(n.Dir, sessionName)); !errors.Is(err, fs.ErrNotExist) {
		return ca.Enrolled{}, pki.Errorf(pki.Conflict, "identity.exists", "%s holds an identity already", n.Dir).To("choose another folder")
	}
	if _, err := TrustPool(n.Trust); err != nil {
		return ca.Enrolled{}, err
	}
	key, uri, err := n.key()
	if err != nil {
		return ca.Enrolled{}, err
	}
	request, err := newRequest(key, "enrolment")
	if err != nil {
		return ca.Enrolled{}, err
	}
	done, err := Enrol(ctx, n.Server, n.Trust, ca.Enrolment{Code: n.Code, Request: request, AltName: n.Host})
	if err != nil {
		return done, err
	}
	return done, n.save(done, uri)
}

// key makes the key, or opens the one an earlier try has left.
func (n *NewIdentity) key() (*keys.Key, string, error) {
	if err := os.MkdirAll(n.Dir, 0o700); err != nil {
		return nil, "", pki.Errorf(pki.Invalid, "identity.folder", "the folder %s cannot be made", n.Dir).Because(err)
	}
	path, options := filepath.Join(n.Dir, identityKey), keys.Options{Cipher: n.Cipher}
	_, err := os.Lstat(path)
	fresh := errors.Is(err, fs.ErrNotExist)
	location, noted := keys.URI{Path: path}, keys.URI{Path: identityKey}
	if n.PassFile != "" {
		pass, err := filepath.Abs(n.PassFile)
		if err != nil {
			return nil, "", pki.Errorf(pki.Invalid, "identity.pass", "the passphrase file has no path").Because(err)
		}
		location.Pass, noted.Pass = pass, pass
	} else {
		if options.Passphrase, err = n.Ask(path, fresh); err != nil {
			return nil, "", err
		}
		defer clear(options.Passphrase)
	}
	open := func() (*keys.Key, error) { return keys.Open(location.String(), options) }
	if fresh {
		open = func() (*keys.Key, error) { return keys.Generate(location.String(), n.Suite, options) }
	}
	key, err := open()
	return key, noted.String(), err
}

func (n *NewIdentity) save(done ca.Enrolled, keyURI string) error {
	chain := append([][]byte{done.Issued.Sign.DER}, done.Issued.Chain[:len(done.Issued.Chain)-1]...)
	for name, text := range map[string][]byte{identityOwn: PEM(chain...), identityTrust: n.Trust} {
		if err := ReplaceFile(filepath.Join(n.Dir, name), text, 0o644); err != nil {
			return err
		}
	}
	return SaveSession(n.Dir, Identity{Server: n.Server, KMC: n.KMC, Certificate: identityOwn, Key: keyURI, Trust: identityTrust})
}

// JoinIdentity registers the certificate of an identity at a KMC with a code, and
// notes the KMC in identity.yaml. With other, the first certificate of a PEM text is
// registered instead: that of a site which cannot reach the KMC itself.
func JoinIdentity(ctx context.Context, dir, server, code string, other []byte) (Joined, error) {
	identity, err := LoadSession(dir)
	if err != nil {
		return Joined{}, err
	}
	trust, err := os.ReadFile(resolve(dir, identity.Trust))
	if err != nil {
		return Joined{}, pki.Errorf(pki.Invalid, "config.certificate", "the certificate file %s cannot be read", identity.Trust).Because(err)
	}
	if other != nil {
		blocks := pemBlocks(other)
		if len(blocks) == 0 {
			return Joined{}, pki.Errorf(pki.Invalid, "join.certificate", "the certificate to register is not PEM").To("give the tls.pem of the site's folder")
		}
		return Join(ctx, server, trust, JoinOrder{Code: code, Certificate: blocks[0]})
	}
	chain, err := identity.Chain()
	if err != nil {
		return Joined{}, err
	}
	joined, err := Join(ctx, server, trust, JoinOrder{Code: code, Certificate: chain[0]})
	if err != nil {
		return joined, err
	}
	identity.KMC = server
	return joined, replaceConfig(filepath.Join(dir, sessionName), identity)
}

// EnrolKMC turns a code of a CA into the site certificate of a KMC, in the key its
// init made. It makes the KMC a site of the CA, which one that dials in has to be.
func EnrolKMC(ctx context.Context, config, server, code string) (ca.Enrolled, error) {
	c, err := LoadKMC(config)
	if err != nil {
		return ca.Enrolled{}, err
	}
	return enrolSite(ctx, server, code, siteFiles{Config: config, Trust: c.Path(c.Trust), Certificate: c.Path(c.TLSCertificate)})
}

// siteFiles are the files of a component that enrols as a site.
type siteFiles struct{ Config, Trust, Certificate string }

// enrolSite turns a code into the certificate of a component, for the request tls.csr
// its init left beside the configuration.
func enrolSite(ctx context.Context, server, code string, files siteFiles) (ca.Enrolled, error) {
	trust, err := os.ReadFile(files.Trust)
	if err != nil {
		return ca.Enrolled{}, pki.Errorf(pki.Invalid, "config.certificate", "the certificate file %s cannot be read", files.Trust).Because(err)
	}
	request, err := os.ReadFile(filepath.Join(filepath.Dir(files.Config), "tls.csr"))
	if err != nil {
		return ca.Enrolled{}, pki.Errorf(pki.Invalid, "kmc.request", "the request tls.csr is missing beside %s", files.Config).
			To("it is made by 'init'").Because(err)
	}
	done, err := Enrol(ctx, server, trust, ca.Enrolment{Code: code, Request: request})
	if err != nil {
		return done, err
	}
	chain := append([][]byte{done.Issued.Sign.DER}, done.Issued.Chain[:len(done.Issued.Chain)-1]...)
	return done, ReplaceFile(files.Certificate, PEM(chain...), 0o644)
}
