package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/pki"
	"onecert/serve"
)

// healthCommand looks at a component from outside.
func healthCommand(io *console) *cobra.Command {
	var config string
	var failures bool
	command := io.verb("health", "cmd.health", []string{
		"onecert health --config /var/lib/onecert/ca/ca.yaml", "onecert health --config kmc.yaml --failures-only --json",
	}, func(ctx context.Context, _ []string) error { return io.health(ctx, config, failures) })
	io.configFlag(command, &config)
	command.Flags().BoolVar(&failures, "failures-only", false, io.text("flag.health.failures"))
	return command
}

// looked is one item for programs, with its words.
type looked struct {
	serve.Item
	Text   string `json:"text"`
	Remedy string `json:"remedy,omitempty"`
}

func (io *console) health(ctx context.Context, config string, failures bool) error {
	items, err := wire.Health(ctx, config, io.now())
	if err != nil {
		return err
	}
	shown, failing, first := []looked{}, 0, ""
	for _, i := range items {
		if i.Level == serve.Failing {
			if failing++; first == "" {
				first = i.Name
			}
		}
		if failures && i.Level == serve.Fine {
			continue
		}
		l := looked{Item: i, Text: io.told(i)}
		if i.Level != serve.Fine {
			l.Remedy, _ = io.lookup("health." + i.Says + ".remedy")
		}
		shown = append(shown, l)
	}
	err = io.answer(shown, func(p *printer) { p.health(shown) })
	if err != nil || failing == 0 {
		return err
	}
	return pki.Errorf(pki.Conflict, "health.failing", "%s", io.text("health.failing", failing, first)).To("%s", io.text("health.failing.remedy"))
}

func (p *printer) health(all []looked) {
	rows := [][]string{}
	for _, l := range all {
		mark := map[serve.Level]string{serve.Fine: "✓", serve.Warning: "!", serve.Failing: "✗"}[l.Level]
		rows = append(rows, []string{mark, l.Name, l.Text, l.Remedy})
	}
	p.columns(rows)
	if len(rows) == 0 {
		p.line(0, "%s", p.text("health.none"))
	}
}

// told is what an item says, with its value where the text has a place for it.
func (io *console) told(i serve.Item) string {
	text := io.text("health." + i.Says)
	if strings.Contains(text, "%s") {
		return fmt.Sprintf(text, io.figure(i))
	}
	return text
}

// figure is an item's value for a person.
func (io *console) figure(i serve.Item) string {
	switch i.Unit {
	case "seconds":
		return io.span(time.Duration(i.Value * float64(time.Second)))
	case "octets":
		return octets(i.Value)
	}
	return fmt.Sprintf("%.0f", i.Value)
}

// span is a duration in the one unit that says enough.
func (io *console) span(d time.Duration) string {
	switch a := d.Abs(); {
	case a >= 48*time.Hour:
		return io.text("span.days", d.Hours()/24)
	case a >= 2*time.Hour:
		return io.text("span.hours", d.Hours())
	case a >= 2*time.Minute:
		return io.text("span.minutes", d.Minutes())
	}
	return io.text("span.seconds", d.Seconds())
}

func octets(n float64) string {
	for _, unit := range []string{"B", "KiB", "MiB", "GiB"} {
		if n < 1024 {
			return fmt.Sprintf("%.0f %s", n, unit)
		}
		n /= 1024
	}
	return fmt.Sprintf("%.1f TiB", n)
}
