package main

import (
	"log/slog"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/demo"
)

// demoCommand starts the whole tree with throw-away keys.
func demoCommand(io *console) *cobra.Command {
	o := demo.Options{Out: io.out, Version: version}
	var verbose bool
	command := &cobra.Command{Use: "demo --dir DIR", Short: io.text("cmd.demo"), Long: io.text("cmd.demo.long"), Args: cobra.NoArgs}
	flags := command.Flags()
	flags.StringVar(&o.Dir, "dir", "", io.text("flag.demo.dir"))
	flags.StringVar(&o.Listen, "listen", "127.0.0.1", io.text("flag.demo.listen"))
	flags.IntVar(&o.PortBase, "port-base", 0, io.text("flag.demo.port-base"))
	flags.BoolVar(&o.Quiet, "quiet", false, io.text("flag.demo.quiet"))
	flags.BoolVar(&o.Walk, "walk", false, io.text("flag.demo.walk"))
	flags.BoolVar(&verbose, "verbose", false, io.text("flag.demo.verbose"))
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		o.Log = slog.New(slog.DiscardHandler)
		if verbose {
			o.Log = slog.New(slog.NewJSONHandler(io.err, nil))
		}
		return demo.Run(cmd.Context(), o)
	}
	return command
}
