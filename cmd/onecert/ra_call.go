package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/ra"
)

// worded is how a verb is called and explained: its words, the key of its texts, and
// examples.
type worded struct {
	use, key string
	examples []string
}

// asks makes a verb that is one call to the registration and its answer: as JSON, or as
// show prints it.
func asks[T any](io *console, w worded, call func(context.Context, *wire.Session, []string) (T, error), show func(*printer, T)) *cobra.Command {
	return io.atRA(w.use, w.key, w.examples, func(ctx context.Context, s *wire.Session, args []string) error {
		answer, err := call(ctx, s, args)
		if err != nil {
			return err
		}
		return io.answer(answer, func(p *printer) { show(p, answer) })
	})
}

// writes makes a verb that writes what one call answers into the file --out names.
func writes(io *console, w worded, call func(context.Context, *wire.Session, []string) ([]byte, error)) *cobra.Command {
	var out string
	command := io.atRA(w.use, w.key, w.examples, func(ctx context.Context, s *wire.Session, args []string) error {
		content, err := call(ctx, s, args)
		if err != nil {
			return err
		}
		if err := wire.WriteNew(out, content, 0o600); err != nil {
			return err
		}
		return io.answer(map[string]string{"file": out}, func(p *printer) { p.line(0, "→ %s", out) })
	})
	command.Flags().StringVar(&out, "out", "", io.text("flag.ra.form-out"))
	io.required(command, "out")
	return command
}

// tabulate prints one line for each item under headings, which are the ends of the keys
// "column.…".
func tabulate[T any](p *printer, items []T, headings string, line func(T) []string) {
	if len(items) == 0 {
		p.line(0, "%s", p.text("ra.nothing"))
		return
	}
	heads := strings.Fields(headings)
	for i := range heads {
		heads[i] = p.text("column." + heads[i])
	}
	lines := [][]string{heads}
	for _, item := range items {
		lines = append(lines, line(item))
	}
	p.columns(lines)
}

// leaf prints a page of a list, and how to come to the next.
func leaf[T any](p *printer, page *ra.Page[T], headings string, line func(T) []string) {
	tabulate(p, page.Items, headings, line)
	if page.After != "" {
		p.line(0, "%s", p.text("list.more", page.After))
	}
}

// leafing are the flags of a list in pages.
func (io *console) leafing(command *cobra.Command, after *string, limit *int) {
	command.Flags().StringVar(after, "after", "", io.text("flag.ra.after"))
	command.Flags().IntVar(limit, "limit", 0, io.text("flag.ra.limit"))
}

// whatWasSaid does what belongs to the flags that were given.
func whatWasSaid(command *cobra.Command, takes map[string]func()) {
	for name, take := range takes {
		if command.Flags().Changed(name) {
			take()
		}
	}
}

// vocabulary turns what was typed into words of a vocabulary.
func vocabulary[T ~string](typed []string) (all []T) {
	for _, word := range typed {
		all = append(all, T(word))
	}
	return all
}
