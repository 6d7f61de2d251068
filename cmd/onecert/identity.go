package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/pki"
)

// envIdentity names the folder of one's identity where --as does not.
const envIdentity = "ONECERT_AS"

// asFlag is the flag every acting verb has, and nothing else: the test that tries
// each without a right finds them by it.
const asFlag = "as"

// act is what a verb does through an API, as the officer whose session it is.
type act func(ctx context.Context, s *wire.Session, args []string) error

// acting makes a verb that goes through an API with an officer's certificate, so
// that rights, two-person rules and audit hold for it (design.md decision 12).
func (io *console) acting(use, key string, examples []string, do act) *cobra.Command {
	return io.anywhere(use, key, examples, func(ctx context.Context, s *wire.Session, args []string) error {
		if s.CA == nil {
			return noCA()
		}
		return do(ctx, s, args)
	})
}

func noCA() error {
	return pki.Errorf(pki.Invalid, "identity.ca", "this identity names no CA").
		To("an officer of a registration orders there: 'onecert ra'; the CA's own officers enrol with 'onecert officer enrol'")
}

// anywhere is acting where the verb itself says which component it needs.
func (io *console) anywhere(use, key string, examples []string, do act) *cobra.Command {
	var as string
	command := io.verb(use, key, examples, func(ctx context.Context, args []string) error {
		dir, err := io.identity(as)
		if err != nil {
			return err
		}
		session, err := wire.OpenSession(dir, wire.SessionOptions{Ask: io.askPassphrase})
		if err != nil {
			return err
		}
		return do(ctx, session, args)
	})
	io.asFlag(command, &as)
	return command
}

func (io *console) asFlag(command *cobra.Command, as *string) {
	command.Flags().StringVar(as, asFlag, "", io.text("flag.as"))
}

// identity is the folder of one's identity: --as, ONECERT_AS, or the usual place.
func (io *console) identity(as string) (string, error) {
	if as != "" {
		return as, nil
	}
	if as = os.Getenv(envIdentity); as != "" {
		return as, nil
	}
	usual, err := os.UserConfigDir()
	if err != nil {
		return "", pki.Errorf(pki.Invalid, "identity.place", "there is no home folder to look for an identity in").
			To("name the folder with --as or " + envIdentity).Because(err)
	}
	return filepath.Join(usual, "onecert"), nil
}
