package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
)

// deed is what a verb does, with the words after it.
type deed func(ctx context.Context, args []string) error

// verb makes a command that does something: key names its short text, key.long its
// help; examples are commands, one a line.
func (io *console) verb(use, key string, examples []string, do deed) *cobra.Command {
	return &cobra.Command{Use: use, Short: io.text(key), Long: io.text(key + ".long"), Example: "  " + strings.Join(examples, "\n  "),
		Args: io.words(0, 0), RunE: func(cmd *cobra.Command, args []string) error { return do(cmd.Context(), args) }}
}

// words demands a number of words after the verb; at most -1 is any.
func (io *console) words(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < least || most >= 0 && len(args) > most {
			return io.wrongUsage("usage.words", cmd.Use, len(args))
		}
		return nil
	}
}

// required demands flags. Cobra's own check speaks English only.
func (io *console) required(command *cobra.Command, names ...string) {
	command.PreRunE = func(cmd *cobra.Command, _ []string) error {
		for _, name := range names {
			if !cmd.Flags().Changed(name) {
				return io.wrongUsage("usage.flag", "--"+name)
			}
		}
		return nil
	}
}
