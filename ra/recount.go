package ra

import (
	"context"
	"fmt"

	"onecert/pki"
)

// Recount counts everything anew, from the histories and certificates themselves, and
// says where the statistics that were kept as it happened differ.
func (r *Registration) Recount(ctx context.Context) (differences []string, err error) {
	counted, err := r.countAnew(ctx)
	if err != nil {
		return nil, err
	}
	type row struct {
		key figureKey
		figure
	}
	kept, err := collect(ctx, r.cfg.DB.Read(), func(from scanner) (f row, err error) {
		return f, from.Scan(&f.key.node, &f.key.period, &f.key.operation, &f.key.kind, &f.key.event, &f.times, &f.waited)
	}, "SELECT node, period, operation, kind, event, times, waited FROM ra_figure")
	if err != nil {
		return nil, err
	}
	for _, f := range kept {
		if counted[f.key] != f.figure {
			differences = append(differences, fmt.Sprintf("%+v: kept %v, counted %v", f.key, f.figure, counted[f.key]))
		}
		delete(counted, f.key)
	}
	for key, f := range counted {
		if f != (figure{}) {
			differences = append(differences, fmt.Sprintf("%+v: nothing kept, counted %v", key, f))
		}
	}
	return differences, nil
}

func (r *Registration) countAnew(ctx context.Context) (figures, error) {
	var f figures
	var a Application
	var before int64
	_, err := collect(ctx, r.cfg.DB.Read(), func(row scanner) (struct{}, error) {
		var m Moment
		var id string
		if err := row.Scan(&id, &a.Path, &a.Operation, &a.Kind, &a.State, &m.Number, &m.At, &m.Event); err != nil {
			return struct{}{}, err
		}
		if m.Number == 1 {
			before = 0
			f.stands(&a, a.State, 1)
		}
		f.moments(&a, before, []Moment{m}, 1)
		before = m.At
		return struct{}{}, nil
	}, `SELECT a.id, a.path, a.operation, a.kind, a.state, h.number, h.at, h.event FROM ra_application a JOIN ra_history h ON h.application = a.id
		ORDER BY a.id, h.number`)
	if err != nil {
		return nil, err
	}
	_, err = collect(ctx, r.cfg.DB.Read(), func(row scanner) (struct{}, error) {
		var path string
		var kind Kind
		var state pki.State
		var end int64
		if err := row.Scan(&path, &kind, &state, &end); err != nil {
			return struct{}{}, err
		}
		f.certificate(path, kind, state, end, 1)
		return struct{}{}, nil
	}, "SELECT path, kind, state, not_after FROM ra_certificate")
	if err != nil {
		return nil, err
	}
	return f, r.countVolumes(ctx, &f)
}
