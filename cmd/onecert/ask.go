package main

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"onecert/pki"
)

// maxSecret bounds a passphrase or code that is read, in octets.
const maxSecret = 4 << 10

// askPassphrase asks for the passphrase of a key file at the terminal.
func (c *console) askPassphrase(path string) ([]byte, error) {
	return c.ask(c.text("ask.passphrase", safe(path)))
}

// askFresh asks for a passphrase, twice where the key is new: one mistyped would
// lose it.
func (c *console) askFresh(path string, fresh bool) ([]byte, error) {
	first, err := c.askPassphrase(path)
	if err != nil || !fresh {
		return first, err
	}
	again, err := c.ask(c.text("ask.again"))
	if err != nil {
		return nil, err
	}
	defer clear(again)
	if subtle.ConstantTimeCompare(first, again) != 1 {
		clear(first)
		return nil, pki.Errorf(pki.Invalid, "ask.differ", "the two passphrases differ").To("type the same one twice")
	}
	return first, nil
}

// terminal returns standard input where a person sits at it.
func (c *console) terminal() (*os.File, bool) {
	file, ok := c.in.(*os.File)
	return file, ok && term.IsTerminal(int(file.Fd()))
}

// ask reads a line at the terminal without showing it. What is no terminal is not
// read: it is a script that has forgotten its --pass-file.
func (c *console) ask(prompt string) ([]byte, error) {
	file, ok := c.terminal()
	if !ok {
		return nil, pki.Errorf(pki.Invalid, "ask.terminal", "there is no terminal to ask for the passphrase at").
			To("name a file with --pass-file, or in the key's URI")
	}
	fmt.Fprint(c.err, prompt+" ")
	line, err := c.typed(int(file.Fd()))
	fmt.Fprintln(c.err)
	if err != nil {
		return nil, pki.Errorf(pki.Invalid, "ask.terminal", "nothing was typed").To("type it again").Because(err)
	}
	return line, nil
}

// typed reads a line without echo until it is there or the person interrupts: the
// interrupt is caught for the verbs that serve, so reading alone would not end.
func (c *console) typed(terminal int) (line []byte, err error) {
	before, err := term.GetState(terminal)
	if err != nil {
		return nil, err
	}
	done := make(chan struct{})
	go func() {
		line, err = term.ReadPassword(terminal)
		close(done)
	}()
	select {
	case <-done:
		return line, err
	case <-c.ended:
		return nil, errors.Join(context.Canceled, term.Restore(terminal, before))
	}
}

// readSecret reads a one-time code, an identity number or a passphrase from a
// file or, for "-", from standard input: never from the command line, which every
// process on the machine can read. A person at a terminal types one line.
func (c *console) readSecret(path string) ([]byte, error) {
	text, err := c.readLine(path)
	if err != nil {
		return nil, c.doing("doing.reading", path, err)
	}
	text = bytes.TrimSpace(text)
	if len(text) == 0 || len(text) > maxSecret {
		return nil, c.doing("doing.reading", path, pki.Errorf(pki.Invalid, "file.secret", "it is empty or too long").To("put the one line wanted into it"))
	}
	return text, nil
}

func (c *console) readLine(path string) ([]byte, error) {
	reader := c.in
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, fileError(err)
		}
		defer file.Close()
		reader = file
	} else if _, ok := c.terminal(); ok {
		return c.ask(c.text("ask.line"))
	}
	text, err := io.ReadAll(io.LimitReader(reader, maxSecret+1))
	if err != nil {
		return nil, fileError(err)
	}
	return text, nil
}
