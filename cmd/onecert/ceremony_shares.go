package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"onecert/pki"
	"onecert/shares"
)

// sharesCheckCommand says whether shares belong together, without opening anything.
func sharesCheckCommand(io *console) *cobra.Command {
	command := io.verb("check [FILE…]", "cmd.ceremony.shares.check", []string{
		"onecert ceremony shares check a.share b.share c.share",
		"onecert ceremony shares check",
	}, func(_ context.Context, args []string) error { return io.checkShares(args) })
	command.Args = io.words(0, -1)
	return command
}

// checkedShares is the answer of ceremony shares check.
type checkedShares struct {
	Set       string `json:"set"`
	Places    []int  `json:"places"`
	Threshold int    `json:"threshold"`
	Total     int    `json:"total"`
	Proven    bool   `json:"proven"` // they bring the secret back
}

func (io *console) checkShares(paths []string) error {
	all, err := io.givenShares(paths)
	defer func() {
		for _, share := range all {
			share.Wipe()
		}
	}()
	if err != nil {
		return err
	}
	proven, err := shares.Check(all)
	if err != nil {
		return err
	}
	checked := checkedShares{Set: all[0].Set, Threshold: all[0].Threshold, Total: all[0].Total, Proven: proven}
	for _, share := range all {
		checked.Places = append(checked.Places, share.Index)
	}
	return io.answer(checked, func(p *printer) {
		p.line(0, "%s", p.text("shares.together", checked.Set, fmt.Sprint(checked.Places), checked.Threshold, checked.Total))
		if proven {
			p.line(0, "%s", p.text("shares.proven"))
		} else {
			p.line(0, "%s", p.text("shares.few", checked.Threshold-len(all)))
		}
	})
}

// givenShares reads the files, the files of a folder, or what is typed until an empty
// line.
func (io *console) givenShares(paths []string) (all []shares.Share, err error) {
	if len(paths) == 0 {
		return io.typedShares()
	}
	for _, path := range paths {
		if isFolder(path) {
			more, err := folderDesk{io, path}.all()
			all = append(all, more...)
			if err != nil {
				return all, err
			}
			continue
		}
		share, err := io.readShare(filepath.Clean(path))
		if err != nil {
			return all, err
		}
		all = append(all, share)
	}
	return all, nil
}

func (io *console) typedShares() (all []shares.Share, err error) {
	for {
		share, err := io.typeShare(io.text("shares.type", len(all)+1))
		if pki.CodeOf(err) == "ceremony.gave-up" {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, share)
	}
}
