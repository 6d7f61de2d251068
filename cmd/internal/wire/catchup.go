package wire

import (
	"context"
	"database/sql"
	"encoding/pem"
	"errors"
	"os"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/ca"
	"onecert/db"
	"onecert/officer"
	"onecert/pki"
	"onecert/status"
)

// CatchUp lets a restored CA take over the revocations of lists that were published
// after its backup, before it is started. Each list has to be one of its issuers'.
func CatchUp(ctx context.Context, config string, lists []string, options Options) ([]ca.Adopted, error) {
	c, err := LoadCA(config)
	if err != nil {
		return nil, err
	}
	source, err := databaseSource(c.dir, c.Database, c.DatabaseFile)
	if err != nil {
		return nil, err
	}
	d, err := db.Open(ctx, source)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	release, err := d.Lease(ctx, "ca")
	if errors.Is(err, db.ErrLeased) {
		return nil, pki.Errorf(pki.Unavailable, "ca.lease", "a CA process works on this database").To("stop it first").Because(err)
	}
	if err != nil {
		return nil, err
	}
	defer release()
	a, done, err := adoption(ctx, d, c, options)
	if err != nil {
		return nil, err
	}
	defer done()
	var all []ca.Adopted
	for _, path := range lists {
		issuer, list, err := c.listOf(path)
		if err != nil {
			return all, err
		}
		err = d.Tx(ctx, func(tx *sql.Tx) error {
			adopted, err := a.List(ctx, tx, issuer, list)
			if err == nil {
				all = append(all, adopted)
			}
			return err
		})
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

func adoption(ctx context.Context, d *db.DB, c *CA, options Options) (a ca.Adoption, done func(), err error) {
	a = ca.Adoption{Actor: backupActor(), Now: options.now()().UTC()}
	if a.Journal, err = status.Open(ctx, d); err != nil {
		return a, nil, err
	}
	if a.Audit, err = audit.Open(ctx, d, c.Origin); err != nil {
		return a, nil, err
	}
	if err := d.Migrate(ctx, "ca", ca.Migrations()); err != nil {
		return a, nil, err
	}
	if a.Officers, err = officer.Open(ctx, d, a.Audit, options.now()); err != nil {
		return a, nil, err
	}
	return a, a.Officers.Close, nil
}

// maxList bounds a list read from outside: some millions of entries.
const maxList = 512 << 20

// listOf reads a list, PEM or DER, and finds the issuer that has signed it.
func (c *CA) listOf(path string) (string, *smx509.RevocationList, error) {
	info, err := os.Stat(path)
	var text []byte
	if err == nil && info.Size() <= maxList {
		text, err = os.ReadFile(path)
	}
	if err != nil || len(text) == 0 {
		return "", nil, pki.Errorf(pki.Invalid, "adopt.list", "the list %s cannot be read", path).To("check the path").Because(err)
	}
	if block, _ := pem.Decode(text); block != nil {
		text = block.Bytes
	}
	list, err := smx509.ParseRevocationList(text)
	if err != nil {
		return "", nil, pki.Errorf(pki.Invalid, "adopt.list", "%s is not a certificate revocation list", path).To("give the complete.crl that was published last").Because(err)
	}
	for _, file := range c.Issuers {
		chain, err := readCertificates(c.Path(file.Certificate))
		if err != nil {
			return "", nil, err
		}
		if list.CheckSignatureFrom(chain[0]) == nil {
			return file.ID, list, nil
		}
	}
	return "", nil, pki.Errorf(pki.Forbidden, "adopt.issuer", "%s was signed by none of this CA's issuers", path).To("give a list of this CA's")
}
