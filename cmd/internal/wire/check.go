package wire

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/db"
	"onecert/keys"
	"onecert/pki"
)

// Finding is one part of a configuration that was looked at.
type Finding struct {
	Part string // as in the file: "issuers.sm2"
	Note string // a key of what is worth saying of a good part; "" is nothing
	Err  error  // nil: good
}

// CheckConfig looks at everything a configuration names without starting it: keys
// open, certificates are theirs and lead where they should, profiles load, the
// database answers. The error says that the file itself cannot be read.
func CheckConfig(ctx context.Context, path string, now time.Time) ([]Finding, error) {
	component, err := Component(path)
	if err != nil {
		return nil, err
	}
	switch component {
	case "ca":
		c, err := LoadCA(path)
		if err != nil {
			return nil, err
		}
		k := &checker{dir: c.dir, now: now}
		k.ca(ctx, c)
		return k.found, nil
	case "kmc":
		c, err := LoadKMC(path)
		if err != nil {
			return nil, err
		}
		k := &checker{dir: c.dir, now: now}
		k.kmc(ctx, c)
		return k.found, nil
	case "node":
		c, err := LoadNode(path)
		if err != nil {
			return nil, err
		}
		k := &checker{dir: c.dir, now: now}
		k.node(ctx, c)
		return k.found, nil
	}
	if component == componentGateway {
		c, err := LoadGateway(path)
		if err != nil {
			return nil, err
		}
		k := &checker{dir: c.dir, now: now}
		k.gateway(ctx, c)
		return k.found, nil
	}
	if component == componentRA || component == componentLRA {
		c, err := LoadRA(path)
		if err != nil {
			return nil, err
		}
		k := &checker{dir: c.dir, now: now}
		k.ra(ctx, c)
		return k.found, nil
	}
	return nil, unknownComponent(path, component)
}

// The notes on parts that are good as they are, but not yet there.
const (
	NoteFirstStart = "first-start" // the first start makes it
	NoteAwaited    = "awaited"     // somebody else has to bring it
)

// checker collects what is found.
type checker struct {
	dir   string
	now   time.Time
	found []Finding
}

func (k *checker) note(part string, err error) {
	k.found = append(k.found, Finding{Part: part, Err: err})
}

func (k *checker) ca(ctx context.Context, c *CA) {
	for _, i := range c.Issuers {
		k.note("issuers."+i.ID, k.issuer(i))
	}
	k.pair("tls", c.TLSKey, c.TLSCertificate, NoteFirstStart)
	k.twin(c.Pair, NoteFirstStart)
	_, err := readSecret(c.Path(c.HolderKeyFile), 32)
	k.note("holder_key_file", err)
	_, err = loadProfiles(c.Path(c.Profiles))
	k.note("profiles", err)
	k.log(ctx, c.log())
	if c.KMC == nil {
		return
	}
	k.pair("kmc.message", c.KMC.MessageKey, c.KMC.MessageCertificate, "")
	_, err = k.certificate(c.KMC.Centre)
	k.note("kmc.centre", err)
}

func (k *checker) kmc(ctx context.Context, c *KMC) {
	_, err := readCertificates(c.Path(c.Trust))
	k.note("trust", err)
	k.pair("tls", c.TLSKey, c.TLSCertificate, NoteAwaited)
	k.twin(c.Pair, NoteAwaited)
	if c.Investigators != "" {
		_, err := readCertificates(c.Path(c.Investigators))
		k.note("investigators", err)
	}
	uri, err := resolveURI(c.dir, c.MasterKey)
	if err == nil {
		_, err = keys.OpenSealer(uri, keys.Options{})
	}
	k.note("master_key", err)
	if c.MessageKey != "" {
		k.pair("message", c.MessageKey, c.MessageCertificate, NoteAwaited)
	}
	for _, name := range sortedKeys(c.Peers) {
		for _, file := range c.Peers[name] {
			_, err := k.certificate(file)
			k.note("peers."+name, err)
		}
	}
	k.log(ctx, c.log())
}

// issuer holds an issuing CA's key, certificate and chain against each other.
func (k *checker) issuer(i IssuerFile) error {
	key, err := openKey(k.dir, i.Key)
	if err != nil {
		return err
	}
	chain, err := readCertificates(resolve(k.dir, i.Certificate))
	if err != nil {
		return err
	}
	if err := k.fits(chain[0], key); err != nil {
		return err
	}
	for n, c := range chain {
		above := c // the root signs itself
		if n+1 < len(chain) {
			above = chain[n+1]
		}
		if err := c.CheckSignatureFrom(above); err != nil {
			return pki.Errorf(pki.Invalid, "config.chain", "certificate %d of %s was not issued by the one after it", n+1, i.Certificate).
				To("put the issuer's certificate first, then each one's issuer, the root last").Because(err)
		}
	}
	return nil
}

// pair holds a key against its certificate, which may come later if absent names
// how.
func (k *checker) pair(part, keyURI, certificate, absent string) {
	key, err := openKey(k.dir, keyURI)
	k.note(part+"_key", err)
	if err != nil {
		return
	}
	if _, err := os.Stat(resolve(k.dir, certificate)); errors.Is(err, fs.ErrNotExist) && absent != "" {
		k.found = append(k.found, Finding{Part: part + "_certificate", Note: absent})
		return
	}
	c, err := k.certificate(certificate)
	if err == nil {
		err = k.fits(c, key)
	}
	k.note(part+"_certificate", err)
}

// twin looks at the pair for TLCP, if one is configured.
func (k *checker) twin(f *PairFile, absent string) {
	if f == nil {
		return
	}
	own, err := f.open(k.dir)
	if err != nil {
		k.note("pair", err)
		return
	}
	c := own.Certificate()
	if c == nil {
		_, err := openKey(k.dir, f.SignKey)
		k.found = append(k.found, Finding{Part: "pair", Note: absent, Err: err})
		return
	}
	if err = k.current(c.SignLeaf); err == nil {
		err = k.current(c.EncryptLeaf)
	}
	k.note("pair", err)
}

// certificate reads the first of a file and refuses it outside its validity.
func (k *checker) certificate(file string) (*smx509.Certificate, error) {
	all, err := readCertificates(resolve(k.dir, file))
	if err != nil {
		return nil, err
	}
	return all[0], k.current(all[0])
}

func (k *checker) current(c *smx509.Certificate) error {
	if k.now.Before(c.NotBefore) || k.now.After(c.NotAfter) {
		return pki.Errorf(pki.Invalid, "config.validity", "the certificate is good from %s to %s, not now",
			c.NotBefore.UTC().Format(time.DateOnly), c.NotAfter.UTC().Format(time.DateOnly)).To("have a new one issued, or check the clock")
	}
	return nil
}

func (k *checker) fits(c *smx509.Certificate, key *keys.Key) error {
	spki, err := pki.MarshalPublicKey(key.Public())
	if err != nil {
		return err
	}
	own, err := pki.MarshalPublicKey(c.PublicKey)
	if err != nil || !bytes.Equal(spki, own) {
		return pki.Errorf(pki.Invalid, "config.key", "the key is not the one in the certificate").To("put the two that belong together").Because(err)
	}
	return k.current(c)
}

func (k *checker) log(ctx context.Context, f logFiles) {
	key, err := openKey(f.dir, f.key)
	if err == nil {
		_, err = audit.NewSigner(f.origin, key)
	}
	k.note("audit_key", err)
	source, err := databaseSource(f.dir, f.database, f.databaseFile)
	if err != nil {
		k.note("database", err)
		return
	}
	if path, ok := strings.CutPrefix(source, "sqlite:"); ok {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			k.found = append(k.found, Finding{Part: "database", Note: NoteFirstStart})
			return
		}
	}
	k.note("database", reachable(ctx, source))
}

func reachable(ctx context.Context, source string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	d, err := db.OpenReadOnly(ctx, source)
	if err != nil {
		return pki.Errorf(pki.Unavailable, "database.open", "the database does not answer").
			To("name it as sqlite:PATH or as a postgres URL, and check that it runs").Because(err)
	}
	return d.Close()
}
