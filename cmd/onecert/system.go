package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/serve"
)

// systemCommand asks a component how it stands, across the network; 'onecert health'
// looks on its machine.
func systemCommand(io *console) *cobra.Command {
	var component, node string
	command := io.anywhere("system", "cmd.system", []string{
		"onecert system --as centre.system", "onecert system --at ra --as centre.audit --json", "onecert system --node https://status.gov.example:8446 --as centre.system",
	}, func(ctx context.Context, s *wire.Session, _ []string) error {
		from, err := io.asked(s, component, node)
		if err != nil {
			return err
		}
		state, err := from.System(ctx)
		if err != nil {
			return err
		}
		return io.answer(state, func(p *printer) { p.stands(state) })
	})
	command.Flags().StringVar(&component, "at", "ca", io.text("flag.system.at"))
	command.Flags().StringVar(&node, "node", "", io.text("flag.system.node"))
	return command
}

// asked is whom the verb speaks to: a node by its address, all others by the identity.
func (io *console) asked(s *wire.Session, component, node string) (*wire.Registry, error) {
	if node != "" {
		return s.Node(node)
	}
	return io.registry(s, component)
}

func (p *printer) stands(s wire.System) {
	ready := "system.ready"
	if !s.Ready {
		ready = "system.unready"
	}
	p.line(0, "%s %s: %s", s.Component, safe(s.Name), p.text(ready))
	p.line(0, "%s", p.text("system.version", safe(s.Version), moment(s.Started)))
	rows := [][]string{}
	for _, c := range s.Checks {
		mark := map[serve.Level]string{serve.Fine: "✓", serve.Warning: "!", serve.Failing: "✗"}[c.Level]
		rows = append(rows, []string{mark, safe(c.Name), p.standing(c.Item), p.text("system.since", moment(c.Since))})
	}
	p.columns(rows)
	for _, c := range s.Certificates {
		until := p.text("system.certificate", moment(c.NotAfter))
		if c.RenewsAt != nil {
			until += p.text("system.renews", moment(*c.RenewsAt))
		}
		p.line(0, "%s %s: %s", c.Use, safe(c.Subject), until)
	}
	p.line(0, "%s", p.text("system.database", s.Database.Engine, octets(float64(s.Database.Octets)), versions(s.Database.Schemas)))
	p.backups(s.Backups)
	f := s.Process
	p.line(0, "%s", p.text("system.process", p.span(time.Duration(f.CPU*float64(time.Second))), octets(float64(f.Memory)), f.Goroutines, f.Files))
	for _, d := range f.Disks {
		p.line(0, "%s", p.text("system.disk", d.Place, octets(float64(d.Free)), octets(float64(d.Size))))
	}
}

// standing is what an item says; some only the component itself has words for.
func (p *printer) standing(i serve.Item) string {
	if _, known := p.lookup("health." + i.Says); known {
		return p.told(i)
	}
	return p.text("health.node." + string(i.Level))
}

func (p *printer) backups(b *wire.BackupState) {
	switch {
	case b == nil:
	case b.Unreadable || b.Backup == nil:
		p.line(0, "%s", p.text("system.backup.none"))
	case b.Verified:
		p.line(0, "%s", p.text("system.backup.verified", moment(b.Backup.At), b.Backup.File))
	default:
		p.line(0, "%s", p.text("system.backup", moment(b.Backup.At), b.Backup.File))
	}
}

// versions is the schema version of each room, in the order of their names.
func versions(all map[string]int64) string {
	words := []string{}
	for _, room := range sortedKeys(all) {
		words = append(words, fmt.Sprintf("%s %s", safe(room), strconv.FormatInt(all[room], 10)))
	}
	return strings.Join(words, ", ")
}
