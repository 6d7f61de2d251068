package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// commands is the table of sub-commands, in the order help shows them.
//
// A group of verbs is one file with one function
//
//	func caCommand(io *console) *cobra.Command
//
// and one line here. The function builds a fresh command each time (no init, no
// package variable that changes) and follows three rules:
//   - verbs set RunE and return errors, best a *pki.Error wrapped with what was
//     being done (io.doing); they never print errors or call os.Exit;
//   - a verb answers through io.answer, which knows --json;
//   - every word for a person comes from io.text, whose tables are text_*.go.
//
// A command without RunE is made by group, so that a wrong verb is an error.
func commands(io *console) []*cobra.Command {
	return []*cobra.Command{
		certCommand(io),
		lintCommand(io, "lint FILE"),
		caCommand(io),
		kmcCommand(io),
		raCommand(io),
		lraCommand(io),
		nodeCommand(io),
		gatewayCommand(io),
		trustListCommand(io),
		pairCommand(io),
		officerCommand(io),
		approvalCommand(io),
		ceremonyCommand(io),
		envelopeCommand(io),
		auditCommand(io),
		backupCommand(io),
		rescueCommand(io),
		healthCommand(io),
		systemCommand(io),
		statusCommand(io),
		tlsCommand(io),
		policyCommand(io),
		configCommand(io),
		apiCommand(io),
		serveCommand(io),
		demoCommand(io),
		completionCommand(io),
	}
}

// Exit codes of design.md §4.
const (
	exitDone    = 0
	exitRefused = 1
	exitUsage   = 2
)

// run is the whole program but for the process: tests call it.
func run(args []string, in io.Reader, out, err io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return runUntil(ctx, args, in, out, err)
}

// runUntil is run for verbs that serve until they are told to stop.
func runUntil(ctx context.Context, args []string, in io.Reader, out, err io.Writer) int {
	console := &console{in: in, out: out, err: err, now: time.Now, lang: language(args, os.Getenv), json: hasFlag(args, "--json"), ended: ctx.Done()}
	root := rootCommand(console)
	root.SetArgs(append([]string{}, args...)) // of nil it would take the process's own
	command, failure := root.ExecuteContextC(ctx)
	return console.finish(command, failure)
}

func rootCommand(io *console) *cobra.Command {
	root := io.group("onecert", "cmd.onecert")
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.DisableDefaultCmd = true // ours is translated
	root.SetIn(io.in)
	root.SetOut(io.out)
	root.SetErr(io.err)
	root.SetUsageTemplate(io.template(root.UsageTemplate()))
	flags := root.PersistentFlags()
	flags.BoolVar(&io.json, "json", io.json, io.text("flag.json"))
	flags.Lookup("json").DefValue = "false" // for help; run has looked ahead
	flags.Var(languageFlag{io}, "lang", io.text("flag.lang"))
	flags.BoolP("help", "h", false, io.text("flag.help"))
	root.SetHelpCommand(helpCommand(io, root))
	root.AddCommand(commands(io)...)
	io.watch(root)
	return root
}

// helpCommand is cobra's own, translated, and strict about unknown commands.
func helpCommand(io *console, root *cobra.Command) *cobra.Command {
	return &cobra.Command{Use: "help [command]", Short: io.text("cmd.help"), RunE: func(_ *cobra.Command, args []string) error {
		command, rest, err := root.Find(args)
		if err != nil || len(rest) > 0 {
			return io.wrongUsage("usage.unknown", safe(args[len(args)-1]), "onecert")
		}
		return command.Help()
	}}
}

func completionCommand(io *console) *cobra.Command {
	return &cobra.Command{
		Use: "completion bash|zsh|fish|powershell", Short: io.text("cmd.completion"), Long: io.text("cmd.completion.long"),
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "zsh":
				return root.GenZshCompletion(io.out)
			case "fish":
				return root.GenFishCompletion(io.out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(io.out)
			}
			return root.GenBashCompletionV2(io.out, true)
		},
	}
}
