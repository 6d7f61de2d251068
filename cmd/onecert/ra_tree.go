package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"onecert/cmd/internal/wire"
	"onecert/officer"
	"onecert/pki"
	"onecert/ra"
)

// raNodeCommand is the tree of offices.
func raNodeCommand(io *console) *cobra.Command {
	return io.group("node", "cmd.ra.node", raNodeListCommand(io), raNodeAddCommand(io), raNodeSetCommand(io),
		raNodeStateCommand(io, "approve", ra.Active), raNodeStateCommand(io, "suspend", ra.Suspended),
		raNodeStateCommand(io, "resume", ra.Active), raNodeStateCommand(io, "close", ra.Closed))
}

func raNodeListCommand(io *console) *cobra.Command {
	var q ra.NodeQuery
	command := asks(io, worded{"list", "cmd.ra.node.list", []string{"onecert ra node list", "onecert ra node list --node ra1"}},
		func(ctx context.Context, s *wire.Session, _ []string) (*ra.Page[ra.Node], error) {
			return s.RA.Nodes(ctx, q)
		},
		func(p *printer, page *ra.Page[ra.Node]) {
			leaf(p, page, "node name region state version", func(n ra.Node) []string {
				return []string{n.Path, n.Name, n.Region, p.text("ra.node-state." + string(n.State)), strconv.Itoa(n.Version)}
			})
		})
	command.Flags().StringVar(&q.Node, "node", "", io.text("flag.ra.below"))
	io.leafing(command, &q.After, &q.Limit)
	return command
}

// nodeFlags are the words a node is described with.
type nodeFlags struct {
	ra.Node
	level, subject string
	operations     []string
}

func (f *nodeFlags) flags(io *console, flags *pflag.FlagSet) {
	flags.StringVar(&f.Name, "name", "", io.text("flag.ra.name"))
	flags.StringVar(&f.Region, "region", "", io.text("flag.ra.region"))
	flags.StringVar(&f.Contact, "contact", "", io.text("flag.ra.contact"))
	flags.StringSliceVar(&f.Rights.Profiles, "profile", nil, io.text("flag.ra.profiles"))
	flags.StringSliceVar(&f.operations, "operation", nil, io.text("flag.ra.operations"))
	flags.StringVar(&f.subject, "subject", "", io.text("flag.ra.subject"))
	flags.IntVar(&f.Rights.Quota, "quota", 0, io.text("flag.ra.quota"))
	flags.StringVar(&f.Agreement, "agreement", "", io.text("flag.ra.agreement"))
	flags.StringVar(&f.Site, "site", "", io.text("flag.ra.site"))
}

func (f *nodeFlags) rights() (err error) {
	f.Rights.Operations = nil
	for _, o := range f.operations {
		f.Rights.Operations = append(f.Rights.Operations, ra.Operation(o))
	}
	if f.subject != "" {
		f.Rights.Subject, err = pki.ParseName(f.subject)
	}
	return err
}

func raNodeAddCommand(io *console) *cobra.Command {
	f := &nodeFlags{}
	command := io.atRA("add ID", "cmd.ra.node.add", []string{"onecert ra node add ra1 --below centre --level ra --name 示例市注册机构 --region 990100"},
		func(ctx context.Context, s *wire.Session, args []string) error {
			f.ID, f.Level = args[0], ra.Level(f.level)
			if err := f.rights(); err != nil {
				return err
			}
			n, err := s.RA.AddNode(ctx, f.Node)
			if err != nil {
				return err
			}
			return io.node(n)
		})
	command.Flags().StringVar(&f.Parent, "below", "", io.text("flag.ra.parent"))
	command.Flags().StringVar(&f.level, "level", "lra", io.text("flag.ra.level"))
	f.flags(io, command.Flags())
	io.required(command, "below", "name")
	return command
}

// raNodeSetCommand changes what is named and leaves the rest as it is.
func raNodeSetCommand(io *console) *cobra.Command {
	f := &nodeFlags{}
	var command *cobra.Command
	command = io.atRA("set ID", "cmd.ra.node.set", []string{"onecert ra node set lra1 --quota 5000 --operation issue,renew,freeze"},
		func(ctx context.Context, s *wire.Session, args []string) error {
			n, err := findNode(ctx, s.RA, args[0])
			if err != nil {
				return err
			}
			if err := f.rights(); err != nil {
				return err
			}
			f.onto(n, command.Flags().Changed)
			if n, err = s.RA.ChangeNode(ctx, *n); err != nil {
				return err
			}
			return io.node(n)
		})
	f.flags(io, command.Flags())
	return command
}

func (f *nodeFlags) onto(n *ra.Node, said func(string) bool) {
	for name, take := range map[string]func(){
		"name": func() { n.Name = f.Name }, "region": func() { n.Region = f.Region }, "contact": func() { n.Contact = f.Contact },
		"profile": func() { n.Rights.Profiles = f.Rights.Profiles }, "operation": func() { n.Rights.Operations = f.Rights.Operations },
		"subject": func() { n.Rights.Subject = f.Rights.Subject }, "quota": func() { n.Rights.Quota = f.Rights.Quota },
		"agreement": func() { n.Agreement = f.Agreement }, "site": func() { n.Site = f.Site },
	} {
		if said(name) {
			take()
		}
	}
}

func findNode(ctx context.Context, c *ra.Client, id string) (*ra.Node, error) {
	page, err := c.Nodes(ctx, ra.NodeQuery{Node: id, ListQuery: ra.ListQuery{Limit: 1}})
	if err != nil {
		return nil, err
	}
	if len(page.Items) == 1 && page.Items[0].ID == id {
		return &page.Items[0], nil
	}
	return nil, pki.Errorf(pki.Unknown, "node.unknown", "there is no node %.30q in your part of the tree", id).To("'onecert ra node list' shows it")
}

func raNodeStateCommand(io *console, verb string, to ra.NodeState) *cobra.Command {
	return io.atRA(verb+" ID", "cmd.ra.node."+verb, []string{"onecert ra node " + verb + " ra1"},
		func(ctx context.Context, s *wire.Session, args []string) error {
			n, err := findNode(ctx, s.RA, args[0])
			if err != nil {
				return err
			}
			if n, err = s.RA.SetNode(ctx, n.ID, n.Version, to); err != nil {
				return err
			}
			return io.node(n)
		})
}

func (io *console) node(n *ra.Node) error {
	return io.answer(n, func(p *printer) {
		p.line(0, "%s", p.text("ra.node.stands", n.Path, n.Name, p.text("ra.node-state."+string(n.State))))
	})
}

// raPostCommand is who sits where.
func raPostCommand(io *console) *cobra.Command {
	return io.group("post", "cmd.ra.post", raPostListCommand(io), raPostSetCommand(io), raPostCodeCommand(io))
}

func raPostListCommand(io *console) *cobra.Command {
	var q ra.PostQuery
	command := asks(io, worded{"list", "cmd.ra.post.list", []string{"onecert ra post list", "onecert ra post list --node ra1"}},
		func(ctx context.Context, s *wire.Session, _ []string) (*ra.Page[ra.Post], error) {
			return s.RA.Posts(ctx, q)
		},
		func(p *printer, page *ra.Page[ra.Post]) {
			leaf(p, page, "name node title until", func(o ra.Post) []string { return []string{o.Officer, o.Path, o.Title, date(o.Until)} })
		})
	command.Flags().StringVar(&q.Node, "node", "", io.text("flag.ra.below"))
	io.leafing(command, &q.After, &q.Limit)
	return command
}

func raPostSetCommand(io *console) *cobra.Command {
	var post ra.Post
	var until string
	command := io.atRA("set OFFICER", "cmd.ra.post.set", []string{"onecert ra post set lra1.registrar --node lra1 --until 2027-08-31 --title 录入员"},
		func(ctx context.Context, s *wire.Session, args []string) (err error) {
			post.Officer = args[0]
			if post.Until, err = io.lastInstant(until); err != nil {
				return err
			}
			page, err := s.RA.Posts(ctx, ra.PostQuery{Officer: post.Officer})
			if err != nil {
				return err
			}
			for _, have := range page.Items {
				post.Version = have.Version
			}
			set, err := s.RA.SetPost(ctx, post)
			if err != nil {
				return err
			}
			return io.answer(set, func(p *printer) { p.line(0, "%s", p.text("ra.post.set", set.Officer, set.Path, date(set.Until))) })
		})
	flags := command.Flags()
	flags.StringVar(&post.Node, "node", "", io.text("flag.ra.seat"))
	flags.StringVar(&until, "until", "", io.text("flag.ra.until"))
	flags.StringVar(&post.Title, "title", "", io.text("flag.ra.title"))
	flags.StringVar(&post.Trained, "trained", "", io.text("flag.ra.trained"))
	flags.StringVar(&post.Confidentiality, "confidentiality", "", io.text("flag.ra.confidentiality"))
	io.required(command, "node", "until")
	return command
}

func raPostCodeCommand(io *console) *cobra.Command {
	var o wire.SeatOrder
	var until string
	command := io.atRA("code OFFICER", "cmd.ra.post.code", []string{"onecert ra post code lra1.registrar --role registrar --node lra1 --until 2027-08-31"},
		func(ctx context.Context, s *wire.Session, args []string) (err error) {
			o.Officer = args[0]
			if o.Until, err = io.lastInstant(until); err != nil {
				return err
			}
			code, err := s.RAOfficers.Seat(ctx, o)
			if err != nil {
				return err
			}
			return io.answer(map[string]string{"officer": o.Officer, "role": o.Role, "node": o.Node, "code": code}, func(p *printer) {
				p.line(0, "%s", code)
				p.line(0, "%s", p.text("ra.post.code", o.Officer, o.Role, o.Node))
			})
		})
	flags := command.Flags()
	flags.StringVar(&o.Role, "role", "", io.text("flag.officer.role", strings.Join(officer.Roles(), ", ")))
	flags.StringVar(&o.Node, "node", "", io.text("flag.ra.seat"))
	flags.StringVar(&until, "until", "", io.text("flag.ra.until"))
	flags.StringVar(&o.Title, "title", "", io.text("flag.ra.title"))
	flags.IntVar(&o.Days, "days", 1, io.text("flag.officer.days"))
	io.required(command, "role", "node", "until")
	return command
}
