package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/pki"
	"onecert/ra"
)

// raArchiveCommand is closed periods: what ended long ago, kept apart.
func raArchiveCommand(io *console) *cobra.Command {
	return io.group("archive", "cmd.ra.archive", raArchiveCloseCommand(io), raArchiveListCommand(io), raArchiveSearchCommand(io), raArchiveShowCommand(io),
		raArchiveDocumentCommand(io), raArchiveVerifyCommand(io), raArchiveFileCommand(io), raArchiveDestroyCommand(io))
}

func raArchiveCloseCommand(io *console) *cobra.Command {
	var before string
	command := asks(io, worded{"close", "cmd.ra.archive.close", []string{"onecert ra archive close --before 2025-01-01"}},
		func(ctx context.Context, s *wire.Session, _ []string) (v *ra.Volume, err error) {
			var c ra.Closing
			if c.Before, err = io.instant(before); err != nil {
				return nil, err
			}
			return s.RA.CloseVolume(ctx, c)
		}, func(p *printer, v *ra.Volume) {
			p.volumes(&ra.Page[*ra.Volume]{Items: []*ra.Volume{v}})
			if v.More {
				p.line(0, "%s", p.text("ra.archive.more"))
			}
		})
	command.Flags().StringVar(&before, "before", "", io.text("flag.ra.before"))
	io.required(command, "before")
	return command
}

func raArchiveListCommand(io *console) *cobra.Command {
	var q ra.ListQuery
	command := asks(io, worded{"list", "cmd.ra.archive.list", []string{"onecert ra archive list"}},
		func(ctx context.Context, s *wire.Session, _ []string) (*ra.Page[*ra.Volume], error) {
			return s.RA.Volumes(ctx, q)
		}, (*printer).volumes)
	io.leafing(command, &q.After, &q.Limit)
	return command
}

func (p *printer) volumes(page *ra.Page[*ra.Volume]) {
	leaf(p, page, "volume node before records state by at hash", func(v *ra.Volume) []string {
		return []string{strconv.FormatInt(v.Number, 10), v.Node, date(v.Before), strconv.Itoa(v.Records), p.text("ra.volume-state." + v.State), v.MadeBy, moment(v.Made), v.Digest}
	})
}

func raArchiveSearchCommand(io *console) *cobra.Command {
	var q ra.ArchiveQuery
	var serial string
	command := asks(io, worded{"search", "cmd.ra.archive.search", []string{"onecert ra archive search --name 林晓明"}},
		func(ctx context.Context, s *wire.Session, _ []string) (*ra.Page[*ra.Archived], error) {
			q.Serial = pki.Serial(serial)
			return s.RA.SearchArchive(ctx, q)
		}, func(p *printer, page *ra.Page[*ra.Archived]) {
			leaf(p, page, "application volume name operation state serial since", func(a *ra.Archived) []string {
				return []string{a.Application, strconv.FormatInt(a.Volume, 10), a.Name, p.text("ra.operation." + string(a.Operation)), p.text("ra.state." + string(a.State)),
					string(a.Serial), moment(a.Created)}
			})
		})
	command.Flags().StringVar(&q.Name, "name", "", io.text("flag.ra.whole-name"))
	command.Flags().StringVar(&q.Holder, "holder", "", io.text("flag.list.holder"))
	command.Flags().StringVar(&serial, "serial", "", io.text("flag.ra.serial"))
	io.leafing(command, &q.After, &q.Limit)
	return command
}

func raArchiveShowCommand(io *console) *cobra.Command {
	return asks(io, worded{"show APPLICATION", "cmd.ra.archive.show", []string{"onecert ra archive show lra1-240901-k3v9x2aq"}},
		func(ctx context.Context, s *wire.Session, args []string) (*ra.ArchivedFile, error) {
			return s.RA.ArchivedApplication(ctx, args[0])
		}, func(p *printer, f *ra.ArchivedFile) {
			p.application(f.Application)
			p.labelled(1, "ra.volume", strconv.FormatInt(f.Volume, 10)+", SHA-256 "+f.Digest)
			for _, d := range f.Documents {
				p.line(1, "%s: %s %s", d.Sort, safe(d.Name), d.Hash)
			}
			p.history(f.History)
		})
}

func raArchiveDocumentCommand(io *console) *cobra.Command {
	example := "onecert ra archive document lra1-240901-k3v9x2aq 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 --out form.pdf"
	return writes(io, worded{"document APPLICATION HASH", "cmd.ra.archive.document", []string{example}},
		func(ctx context.Context, s *wire.Session, args []string) ([]byte, error) {
			_, content, err := s.RA.ArchivedDocument(ctx, args[0], args[1])
			return content, err
		})
}

func raArchiveVerifyCommand(io *console) *cobra.Command {
	return asks(io, worded{"verify", "cmd.ra.archive.verify", []string{"onecert ra archive verify"}},
		func(ctx context.Context, s *wire.Session, _ []string) ([]string, error) {
			wrong, err := s.RA.VerifyArchive(ctx)
			if err == nil && len(wrong) > 0 {
				err = pki.Errorf(pki.Conflict, "archive.wrong", "the archive is not as it was closed: %d findings, the first: %.200s", len(wrong), wrong[0]).
					To("compare with a backup and with the volumes kept elsewhere")
			}
			return wrong, err
		}, func(p *printer, _ []string) { p.line(0, "%s", p.text("ra.archive.good")) })
}

func raArchiveFileCommand(io *console) *cobra.Command {
	return writes(io, worded{"file VOLUME", "cmd.ra.archive.file", []string{"onecert ra archive file 3 --out volume-3.jsonl"}},
		func(ctx context.Context, s *wire.Session, args []string) ([]byte, error) {
			number, err := io.volumeOf(args[0])
			if err != nil {
				return nil, err
			}
			return s.RA.VolumeFile(ctx, number)
		})
}

func (io *console) volumeOf(text string) (int64, error) {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || number < 1 {
		return 0, io.wrongUsage("usage.volume")
	}
	return number, nil
}

func raArchiveDestroyCommand(io *console) *cobra.Command {
	var e ra.Ending
	command := asks(io, worded{"destroy VOLUME", "cmd.ra.archive.destroy", []string{`onecert ra archive destroy 3 --reason "five years are over"`}},
		func(ctx context.Context, s *wire.Session, args []string) (*ra.Motion, error) {
			number, err := io.volumeOf(args[0])
			if err != nil {
				return nil, err
			}
			return s.RA.DestroyVolume(ctx, number, e)
		}, (*printer).motion)
	command.Flags().StringVar(&e.Reason, "reason", "", io.text("flag.ra.why"))
	io.required(command, "reason")
	return command
}
