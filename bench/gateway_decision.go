package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"onecert/gateway"
	"onecert/pki"
	"onecert/policy"
	"onecert/sso"
)

// decisionRow is one part of what is asked about each request, or all of it.
type decisionRow struct {
	Name        string
	Each, Floor time.Duration
	Allocations float64
}

// decision prints what it costs to decide about a request, without the request.
func (b *bench) decision(ctx context.Context, people *tlsPeople, back string) error {
	rules, revoked := pick(b, 100, 1000), pick(b, 1000, 1_000_000)
	g, err := b.startGateway(people, back, rules, revoked)
	if err != nil {
		return err
	}
	defer g.stop()
	if err := settle(ctx); err != nil {
		return err
	}
	a, err := g.ask("decide")
	if err != nil {
		return err
	}
	rows := [][]string{{"", "µs", "floor µs", "allocations"}}
	for _, r := range a.Rows {
		row := []string{r.Name, micros(r.Each), "", ""}
		if r.Floor > 0 {
			row[2], row[3] = micros(r.Floor), fmt.Sprintf("%.0f", r.Allocations)
		}
		rows = append(rows, row)
	}
	b.out.table(fmt.Sprintf("A gateway's decision about a request: %d rules, %d revoked certificates; processor time", rules, revoked), rows,
		"Floor: a look into a map for the serial number, one for the token, and the bare rule of the policy's table.",
		"At the door the first is asked only where something about revocation has changed since the connection's last request.")
	return nil
}

// decisions measures, in the gateway's process.
func (d *door) decisions(who doorPerson) (rows []decisionRow, err error) {
	ctx := context.Background()
	first, err := d.gateway.Known(ctx, who.Service, who.Chain, "")
	if err != nil {
		return nil, err
	}
	token, session, err := d.sessions.Open(ctx, loginOf(first, who))
	if err != nil {
		return nil, err
	}
	k, err := d.gateway.Known(ctx, who.Service, who.Chain, token)
	if err != nil {
		return nil, err
	}
	serials, tokens := map[pki.Serial]bool{}, map[string]bool{token: true}
	for i := range 100_000 {
		serials[pki.Serial(fmt.Sprintf("%040x", i))] = true
	}
	rule := map[string]*bareRule{"oa": {"示例市民政局", "/api/"}}
	official := officialsRequest()
	request := *official
	request.Application, request.Subject = "staff", nil
	floors := []func() bool{func() bool { return !serials[session.Serial] }, func() bool { return tokens[token] }, func() bool { return rule["oa"].matches(official) }}
	parts := []struct {
		name  string
		act   func() bool
		floor func() bool
	}{
		{"is the certificate good now", func() bool { v := k.Judge(ctx); return v.Good() }, floors[0]},
		{"is the session open", func() bool { _, err := d.sessions.Read(token, time.Now()); return err == nil }, floors[1]},
		{"all three: certificate, session, policy", func() bool { v, err := k.May(ctx, &request); return err == nil && v.Allowed && v.Rule == "staff" },
			func() bool { return floors[0]() && floors[1]() && floors[2]() }},
	}
	for _, part := range parts {
		row := decisionRow{Name: part.name, Allocations: testing.AllocsPerRun(1000, func() { part.act() })}
		if row.Each, err = hundreds(part.act); err != nil {
			return nil, fmt.Errorf("%s: %w", part.name, err)
		}
		if row.Floor, err = hundreds(part.floor); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	more, err := d.sessionCosts(session)
	return append(rows, more...), err
}

// hundreds is the processor time of one act, of which many are made between two looks at
// the clock.
func hundreds(act func() bool) (time.Duration, error) {
	each, err := loop(300*time.Millisecond, func() error {
		for range perLook {
			if !act() {
				return errors.New("a decision is not the one expected")
			}
		}
		return nil
	})
	return each / perLook, err
}

// loginOf is a log in of somebody as the door makes it.
func loginOf(k *gateway.Known, who doorPerson) sso.Login {
	v := k.Judge(context.Background())
	return sso.Login{Fingerprint: sha256.Sum256(who.Chain[0]), Issuer: v.Issuer, Serial: v.Serial, User: k.User(), Level: int(policy.LevelCertificate), Steps: []sso.Step{sso.Certificate}}
}

// sessionCosts are those of a token that was never read here, and of opening a session.
func (d *door) sessionCosts(session sso.Session) ([]decisionRow, error) {
	const many = 10_000
	fresh := make([]string, many)
	later := session.LastSeen.Add(10 * time.Minute) // then tokens are renewed
	for i := range fresh {
		var err error
		if fresh[i], _, err = d.sessions.Renew(session, later); err != nil {
			return nil, err
		}
	}
	before := ownTime()
	for _, token := range fresh {
		if _, err := d.sessions.Read(token, later); err != nil {
			return nil, err
		}
	}
	first := (ownTime() - before) / many
	before = ownTime()
	const opened = 2000
	err := together(64, opened, func(i int) error {
		_, _, err := d.sessions.Open(context.Background(), sso.Login{Fingerprint: sha256.Sum256([]byte{byte(i), byte(i >> 8)}), Issuer: "international", Serial: session.Serial,
			User: fmt.Sprint("user", i), Level: 2, Steps: []sso.Step{sso.Certificate}})
		return err
	})
	return []decisionRow{{Name: "a session's token, read for the first time", Each: first},
		{Name: "a session opened and stored, 64 at once", Each: (ownTime() - before) / opened}}, err
}
