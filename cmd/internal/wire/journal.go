package wire

import (
	"context"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"onecert/db"
	"onecert/pki"
	"onecert/status"
)

// OpenJournal opens the journal of a component on this machine for reading, whether or
// not the component is being served: a CA's, or a node's copy. dir is its folder.
func OpenJournal(ctx context.Context, dir string) (journal *status.Journal, close func() error, err error) {
	for _, name := range []string{"ca.yaml", "node.yaml"} {
		path := filepath.Join(dir, name)
		data, err := readConfig(path)
		if err != nil {
			continue
		}
		var head struct {
			Database string `yaml:"database"`
			File     string `yaml:"database_file"`
		}
		if err := yaml.Unmarshal(data, &head); err != nil {
			return nil, nil, wrongConfig(path, err)
		}
		source, err := databaseSource(dir, head.Database, head.File)
		if err != nil {
			return nil, nil, err
		}
		d, err := db.OpenReadOnly(ctx, source)
		if err != nil {
			return nil, nil, pki.Errorf(pki.Unavailable, "journal.database", "the database of %s cannot be opened", path).
				To("check that it is there and may be read").Because(err)
		}
		return status.OpenReadOnly(d), d.Close, nil
	}
	return nil, nil, pki.Errorf(pki.Unknown, "journal.folder", "%s is no folder of a CA or a node", dir).
		To("name the folder that has ca.yaml or node.yaml")
}
