package main

import (
	"github.com/spf13/cobra"
)

// certCommand groups the verbs on certificate files, which need no component.
func certCommand(io *console) *cobra.Command {
	return io.group("cert", "cmd.cert",
		inspectCommand(io),
		lintCommand(io, "lint FILE"),
		verifyCommand(io),
	)
}
