package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"onecert/keys"
	"onecert/pki"
)

// rewrite returns the configuration for its new place: what lay outside its folder is
// named where it was put, and the database where its rows went. Comments stay.
func (r *restoring) rewrite() ([]byte, error) {
	document, all, err := readNamed(r.config)
	if err != nil {
		return nil, err
	}
	r.done.Moved = map[string]string{}
	for _, n := range all {
		switch n.is {
		case place:
			n.node.Value = r.placed(n.node.Value)
		case published:
			n.node.Value = r.placed(n.node.Value)
		case secret:
			if n.key == "database_file" {
				continue // its source is noted below
			}
			if n.node.Value, err = r.secret(n.node.Value); err != nil {
				return nil, err
			}
		case keyText:
			if n.node.Value, err = r.key(n.node.Value); err != nil {
				return nil, err
			}
		case destination:
			if r.drill {
				n.node.Value = "drill-" + filepath.Base(n.node.Value)
			}
		}
	}
	if err := r.noteDatabase(document); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := errors.Join(encoder.Encode(document), encoder.Close()); err != nil {
		return nil, fmt.Errorf("writing the configuration: %w", err)
	}
	return out.Bytes(), nil
}

// placed is where a path of the configuration is now.
func (r *restoring) placed(value string) string {
	full := resolve(r.reader.Folder, value)
	for name, from := range r.reader.Places {
		if from == full {
			r.done.Moved[value] = name
			return name
		}
	}
	if rel, err := filepath.Rel(r.reader.Folder, full); err == nil && filepath.IsAbs(value) && filepath.IsLocal(rel) {
		r.done.Moved[value] = rel
		return rel
	}
	return value
}

func (r *restoring) key(value string) (string, error) {
	uri, err := keys.ParseURI(value)
	if err != nil {
		return "", err
	}
	if !uri.Hardware() {
		uri.Path = r.placed(uri.Path)
	}
	if uri.Pass != "" {
		if uri.Pass, err = r.secret(uri.Pass); err != nil {
			return "", err
		}
	}
	return uri.String(), nil
}

// secret puts a secret in place, from the archive or from the folder given; one that
// is in neither is still to be brought.
func (r *restoring) secret(value string) (string, error) {
	name := r.placed(value)
	if filepath.IsAbs(name) && (r.drill || r.Secrets != "") {
		name = filepath.Join("secrets", filepath.Base(value))
		r.done.Moved[value] = name
	}
	full := resolve(r.Dir, name)
	if _, err := os.Stat(full); err == nil {
		return name, nil
	}
	if r.Secrets == "" {
		add(&r.done.Missing, full)
		return name, nil
	}
	for _, from := range []string{filepath.Join(r.Secrets, r.done.Component, filepath.Base(value)), filepath.Join(r.Secrets, filepath.Base(value))} {
		text, err := os.ReadFile(from)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = WriteNew(full, text, 0o600)
		}
		return name, err
	}
	return "", pki.Errorf(pki.Invalid, "restore.secret", "the folder of secrets has no file %s", filepath.Base(value)).
		To("put there what the archive leaves out, under the same names; those of two components in folders ca and kmc")
}

// noteDatabase writes where the rows went.
func (r *restoring) noteDatabase(document *yaml.Node) error {
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return pki.Errorf(pki.Invalid, "backup.parts", "the archive's configuration is none")
	}
	top := document.Content[0]
	key, value := "database", r.noted
	if r.DatabaseFile != "" {
		key, value = "database_file", absolute(r.DatabaseFile)
	}
	for i := 0; i+1 < len(top.Content); i += 2 {
		if name := top.Content[i].Value; name == "database" || name == "database_file" {
			top.Content[i].Value, top.Content[i+1].Value = key, value
			return nil
		}
	}
	return pki.Errorf(pki.Invalid, "backup.parts", "the archive's configuration names no database")
}
