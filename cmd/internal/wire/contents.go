package wire

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"onecert/keys"
	"onecert/pki"
)

// A backup takes what a configuration names. The file is walked as it stands, not by
// its structures, so that a key added to them is never forgotten: what is none of the
// words below and names a file that is there, is taken.

// meaning is what a text of a configuration is.
type meaning int

const (
	word        meaning = iota // no path
	place                      // of a file or folder that belongs to the component
	secret                     // a file kept by other hands
	keyText                    // the URI of a key
	source                     // of the database
	destination                // outside: it is not the component's
	published                  // a folder the component fills itself
)

// words are the keys that never name a file of the component, whatever stands there;
// a key counts with everything below it.
func words() map[string]meaning {
	return map[string]meaning{
		"component": word, "origin": word, "listen": word, "public": word, "accept": word, "hosts": word, "dial_out": word, "ca": word, "protocol": word,
		"home": word, "upstream": word, "name": word, "sessions": word, "log.dir": destination, "log.syslog": word,
		"issuers.id": word, "issuers.addresses": word, "kmc.url": word, "kmc.calls_in": word, "pool": word, "health": word,
		"database": source, "audit_heads": destination, "audit_copies.folder": destination, "audit_copies.url": word, "audit_copies.syslog": word, "crl.dir": published, "crl.aia": published,
	}
}

// named is one text of a configuration.
type named struct {
	key  string // "issuers.key"
	node *yaml.Node
	is   meaning
}

// readNamed returns every text of a configuration, and the document they stand in.
func readNamed(text []byte) (*yaml.Node, []named, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, nil, wrongConfig("the configuration", err)
	}
	var all []named
	seen := map[*yaml.Node]bool{} // what anchors share stands once
	var walk func(key string, node *yaml.Node)
	walk = func(key string, node *yaml.Node) {
		if seen[node] {
			return
		}
		seen[node] = true
		switch node.Kind {
		case yaml.AliasNode:
			walk(key, node.Alias)
		case yaml.DocumentNode, yaml.SequenceNode:
			for _, child := range node.Content {
				walk(key, child)
			}
		case yaml.MappingNode:
			for i := 0; i+1 < len(node.Content); i += 2 {
				below := strings.TrimPrefix(key+"."+node.Content[i].Value, ".")
				if node.Content[i].Tag == "!!merge" { // <<: its keys are the mapping's own
					below = key
				}
				walk(below, node.Content[i+1])
			}
		case yaml.ScalarNode:
			if node.Tag == "!!str" && node.Value != "" {
				all = append(all, named{key, node, meaningOf(key, node.Value)})
			}
		}
	}
	walk("", &document)
	return &document, all, nil
}

func meaningOf(key, value string) meaning {
	for k, is := range words() {
		if key == k || strings.HasPrefix(key, k+".") {
			return is
		}
	}
	scheme, _, _ := strings.Cut(value, ":")
	switch {
	case slices.Contains([]string{"file", "pkcs11", "sdf"}, strings.ToLower(scheme)):
		return keyText
	case strings.HasSuffix(key, "_file"):
		return secret
	}
	return place
}

// contents is what a component consists of beside its database.
type contents struct {
	dir     string
	config  string   // the configuration's own name
	files   []string // absolute paths
	folders []string
	shown   []string // folders the component publishes
	secrets []string // files kept apart
	devices []string // uses of keys that live in hardware
	issuers []string // ids
}

// contentsOf reads what a configuration names.
func contentsOf(configPath string) (*contents, error) {
	text, err := readConfig(configPath)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(filepath.Dir(configPath))
	if err != nil {
		return nil, fmt.Errorf("finding the configuration's folder: %w", err)
	}
	c := &contents{dir: dir, config: filepath.Base(configPath)}
	_, all, err := readNamed(text)
	if err != nil {
		return nil, err
	}
	for _, n := range all {
		if err := c.take(n); err != nil {
			return nil, err
		}
	}
	return c, c.takeBeside()
}

func (c *contents) take(n named) error {
	full := resolve(c.dir, n.node.Value)
	switch n.is {
	case place:
		c.takePath(full)
	case secret:
		add(&c.secrets, full)
	case published:
		add(&c.shown, full)
	case keyText:
		return c.takeKey(n)
	case word:
		if n.key == "issuers.id" {
			add(&c.issuers, n.node.Value)
		}
	}
	return nil
}

func (c *contents) takeKey(n named) error {
	uri, err := keys.ParseURI(n.node.Value)
	if err != nil {
		return err
	}
	if uri.Pass != "" {
		add(&c.secrets, resolve(c.dir, uri.Pass))
	}
	if uri.Hardware() {
		add(&c.devices, n.key)
		return nil
	}
	if uri.Device != "" {
		add(&c.devices, n.key)
	}
	c.takePath(resolve(c.dir, uri.Path))
	return nil
}

// errPlainSecret refuses to carry away a key file that is not encrypted.
func errPlainSecret(name string) error {
	return pki.Errorf(pki.Conflict, "backup.plain", "%s is not an encrypted key file", name).
		To("encrypt it; keys are kept in backups only as they lie encrypted on disk")
}

func add(list *[]string, value string) {
	if !slices.Contains(*list, value) {
		*list = append(*list, value)
	}
}
