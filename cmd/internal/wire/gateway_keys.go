package wire

import (
	"crypto"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"onecert/keys"
	"onecert/pki"
)

// serviceKey opens a key a service names: one of the folder, or one of the hardware the
// process's configuration names. Who configures a gateway over the network can thereby
// reach no other file of the machine.
func (c *Gateway) serviceKey(uri string) (crypto.Signer, error) {
	if name, ok := strings.CutPrefix(uri, "hardware:"); ok {
		text, known := c.ServiceHardware[name]
		if !known {
			return nil, pki.Errorf(pki.Invalid, "gateway.hardware", "the key hardware:%.40s is not named in the process's configuration", name).
				To("add it to service_hardware in gateway.yaml")
		}
		return openKey(c.dir, text)
	}
	parsed, err := keys.ParseURI(uri)
	if err != nil {
		return nil, err
	}
	if parsed.Hardware() || parsed.Device != "" || parsed.Pass != "" || !filepath.IsLocal(parsed.Path) {
		return nil, pki.Errorf(pki.Invalid, "gateway.key", "a service's key is file:NAME in the folder of the services' keys, or hardware:NAME").
			To("put the key file into %s, under the passphrase of the services", c.ServiceKeys)
	}
	folder, err := filepath.EvalSymlinks(c.Path(c.ServiceKeys))
	if err != nil {
		return nil, pki.Errorf(pki.Invalid, "gateway.keys", "the folder of the services' keys is not there").To("make %s, for the gateway's user alone", c.ServiceKeys).Because(err)
	}
	path, err := filepath.EvalSymlinks(filepath.Join(folder, parsed.Path))
	if err != nil {
		return nil, pki.Errorf(pki.Invalid, "gateway.key", "the key file:%.100s is not among the services' keys", parsed.Path).To("put it into %s", c.ServiceKeys).Because(err)
	}
	if inside, err := filepath.Rel(folder, path); err != nil || !filepath.IsLocal(inside) {
		return nil, pki.Errorf(pki.Invalid, "gateway.key", "the key file:%.100s leads out of the folder of the services' keys", parsed.Path).To("put the file itself there")
	}
	return keys.Open(keyURI(path, c.Path(c.ServicePassphrase)), keys.Options{})
}

// openSecret opens what all gateways of a site share.
func (c *Gateway) openSecret() (secret []byte, sealer *keys.Sealer, err error) {
	uri, err := resolveURI(c.dir, c.SealKey)
	if err != nil {
		return nil, nil, err
	}
	if sealer, err = keys.OpenSealer(uri, keys.Options{}); err != nil {
		return nil, nil, fmt.Errorf("opening the sealing key: %w", err)
	}
	text, err := os.ReadFile(c.Path(c.Secret))
	if err != nil {
		return nil, nil, pki.Errorf(pki.Invalid, "gateway.secret-file", "the sealed secret %s cannot be read", c.Secret).To("copy it from another gateway of this site, or from the backup").Because(err)
	}
	sealed, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err == nil {
		secret, err = sealer.Open(sealed, []byte(secretPurpose))
	}
	if err != nil {
		return nil, nil, pki.Errorf(pki.Invalid, "gateway.secret-file", "the sealed secret %s does not open", c.Secret).To("it belongs to the sealing key it was made with: put both back together").Because(err)
	}
	return secret, sealer, nil
}

// assertionKeys open in the order of the configuration.
func (c *Gateway) assertionKeys() (all []crypto.Signer, err error) {
	for _, uri := range c.AssertionKeys {
		key, err := openKey(c.dir, uri)
		if err != nil {
			return nil, fmt.Errorf("opening a key of assertions: %w", err)
		}
		all = append(all, key)
	}
	return all, nil
}
