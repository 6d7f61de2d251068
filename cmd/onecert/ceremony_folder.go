package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"onecert/ceremony"
	"onecert/pki"
	"onecert/shares"
)

// shareEnding is how files of shares are called.
const shareEnding = ".share"

// folderDesk gives and takes shares as files: one folder, or the sticks of the
// custodians mounted below it.
type folderDesk struct {
	*console
	dir string
}

// HandOut writes a share's file and reads it back.
func (d folderDesk) HandOut(_ context.Context, custodian string, share shares.Share) (shares.Share, error) {
	path := filepath.Join(d.dir, fmt.Sprintf("%s-%d%s", share.Set, share.Index, shareEnding))
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return shares.Share{}, err
	}
	content := share.File(d.text("ceremony.share.of", custodian))
	defer clear(content)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return shares.Share{}, pki.Errorf(pki.Conflict, "file.exists", "the share %s cannot be written, or is there already", path).To("name another folder").Because(err)
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return shares.Share{}, fmt.Errorf("writing a share: %w", err)
	}
	return d.read(path)
}

// HandIn takes the next share of a set that the folder has.
func (d folderDesk) HandIn(_ context.Context, ask ceremony.Ask) (shares.Share, error) {
	if ask.Trouble != nil {
		return shares.Share{}, ask.Trouble
	}
	all, err := d.all()
	if err != nil {
		return shares.Share{}, err
	}
	for _, share := range all {
		if share.Set == ask.Custody.Set && !slices.Contains(ask.Have, share.Index) {
			return share, nil
		}
	}
	return shares.Share{}, pki.Errorf(pki.Invalid, "share.few", "%s has %d shares of set %s, %d are needed for %s", d.dir, len(ask.Have), ask.Custody.Set, ask.Custody.Threshold, ask.Authority).
		To("bring %d more custodians", ask.Custody.Threshold-len(ask.Have))
}

// all reads every share of the folder and of the folders in it.
func (d folderDesk) all() (all []shares.Share, err error) {
	err = filepath.WalkDir(d.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(path) != shareEnding {
			return err
		}
		share, err := d.read(path)
		all = append(all, share)
		return err
	})
	return all, err
}

func (c *console) readShare(path string) (shares.Share, error) {
	text, err := c.readSecret(path)
	if err != nil {
		return shares.Share{}, err
	}
	defer clear(text)
	share, err := shares.Parse(string(text))
	if err != nil {
		return shares.Share{}, c.doing("doing.reading", path, err)
	}
	return share, nil
}

func (d folderDesk) read(path string) (shares.Share, error) { return d.readShare(path) }

// rehearsalDesk rehearses with shares in files, and agrees to everything.
type rehearsalDesk struct{ folderDesk }

// Confirm implements ceremony.Attendants.
func (rehearsalDesk) Confirm(context.Context, ceremony.Object) error { return nil }
