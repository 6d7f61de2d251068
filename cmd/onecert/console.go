package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"onecert/pki"
)

// console is what every command gets: the streams, the clock, the language and
// the form of answers. One run has one console.
type console struct {
	in       io.Reader
	out, err io.Writer
	now      func() time.Time
	lang     string // "en" or "zh"
	json     bool
	acted    bool            // a verb was reached; errors before that are wrong usage
	ended    <-chan struct{} // closed when the person interrupts
}

// answer prints what a verb found: value as JSON with --json, else human's text.
// A failing writer (a full disk, a closed pipe) is an error like any other.
func (io *console) answer(value any, human func(*printer)) error {
	if io.json {
		encoder := json.NewEncoder(io.out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(value); err != nil {
			return fmt.Errorf("writing the answer: %w", err)
		}
		return nil
	}
	p := &printer{console: io}
	human(p)
	if _, err := fmt.Fprint(io.out, p.buffer.String()); err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	return nil
}

// printer collects lines for a person, indented by level.
type printer struct {
	*console
	buffer strings.Builder
}

// line writes one line at an indentation of level times four blanks.
func (p *printer) line(level int, format string, args ...any) {
	p.buffer.WriteString(strings.Repeat("    ", level))
	fmt.Fprintf(&p.buffer, format, args...)
	p.buffer.WriteByte('\n')
}

// doing wraps an error with what was being done, in the person's language; key
// names a text with one %s for the object.
func (io *console) doing(key, object string, err error) error {
	return fmt.Errorf("%s: %w", io.text(key, safe(object)), err)
}

// usageError is an error in the words typed, found by a verb itself.
type usageError struct{ error }

// wrongUsage makes a verb end with exit code 2.
func (io *console) wrongUsage(key string, args ...any) error {
	return usageError{errors.New(io.text(key, args...))}
}

// group is a command that only holds others: called alone or with a verb it does
// not know, it is wrong usage.
func (io *console) group(use, key string, verbs ...*cobra.Command) *cobra.Command {
	command := &cobra.Command{Use: use, Short: io.text(key), Args: cobra.ArbitraryArgs}
	command.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return io.wrongUsage("usage.unknown", safe(args[0]), cmd.CommandPath())
		}
		return io.wrongUsage("usage.verb", cmd.CommandPath())
	}
	command.AddCommand(verbs...)
	return command
}

// oneFile demands exactly one argument.
func (io *console) oneFile(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return io.wrongUsage("usage.one-file", len(args))
	}
	return nil
}

// watch notes when a verb is reached, so that errors before it (flags, number of
// arguments) are told from the verb's own.
func (io *console) watch(command *cobra.Command) {
	if inner := command.RunE; inner != nil {
		command.RunE = func(cmd *cobra.Command, args []string) error {
			io.acted = true
			return inner(cmd, args)
		}
	}
	for _, child := range command.Commands() {
		io.watch(child)
	}
}

// finish prints the one line an error gets and returns the exit code.
func (io *console) finish(command *cobra.Command, err error) int {
	if err == nil {
		return exitDone
	}
	var wrong usageError
	if !io.acted || errors.As(err, &wrong) {
		see := io.text("usage.see", command.CommandPath())
		io.complain("usage", "usage", oneLine(err.Error()), see)
		return exitUsage
	}
	message, remedy := io.translate(err)
	io.complain(pki.CodeOf(err), pki.KindOf(err).String(), oneLine(message), oneLine(remedy))
	return exitRefused
}

// complain writes the error to stderr. Nothing can be done where that fails.
func (io *console) complain(code, kind, wrong, remedy string) {
	if io.json {
		body := map[string]any{"error": map[string]string{"code": code, "kind": kind, "wrong": wrong, "remedy": remedy}}
		if encoded, err := json.Marshal(body); err == nil {
			fmt.Fprintf(io.err, "%s\n", encoded)
		}
		return
	}
	if remedy != "" {
		wrong += "; " + remedy
	}
	fmt.Fprintf(io.err, "onecert: %s\n", wrong)
}

// translate splits an error into what is wrong and what to do. A *pki.Error whose
// code stands in the language's table is told in its words; {} in them is the
// original, where that says which one or how many.
func (io *console) translate(err error) (wrong, remedy string) {
	e, ok := errors.AsType[*pki.Error](err)
	if !ok {
		return err.Error(), ""
	}
	text, known := io.lookup("error." + e.Code)
	if !known {
		return strings.Replace(err.Error(), e.Error(), e.Wrong, 1), e.Remedy
	}
	text = strings.ReplaceAll(text, "{}", e.Wrong)
	if remedy, known = io.lookup("error." + e.Code + ".remedy"); !known {
		remedy = e.Remedy
	}
	return strings.Replace(err.Error(), e.Error(), text, 1), remedy
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
