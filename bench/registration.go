package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"onecert/audit"
	"onecert/ca"
	"onecert/db"
	"onecert/keys"
	"onecert/officer"
	"onecert/pki"
	"onecert/ra"
)

// registration measures the batch issue of approved applications through RA, CA and
// KMC, beside the CA alone, and lists, searches and statistics of a large registration.
func (b *bench) registration(ctx context.Context) error {
	rows := [][]string{{"", "orders/s", "certificates/s", "processor µs/order", "CA alone, orders/s", "processor µs/order", "ratio", "orders/s of 2 free processors"}}
	for _, e := range b.engines {
		row, err := b.batchIssue(ctx, e)
		if err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		rows = append(rows, append([]string{e.name}, row...))
	}
	b.out.table("Batch issue of dual SM2 certificates: registration, CA and KMC in one process, each on a database of its own, durable", rows,
		"From what is approved to the stored pair and envelope, 32 at once; beside it as many orders at the CA alone, by 32 callers, in the same minute.",
		"Processor time is of this process and the database's, so it holds on a busy machine too; the last column is what two processors with nothing else to do allow. Aim: 500.")
	if err := b.overLink(ctx); err != nil {
		return err
	}
	if err := b.fourProcesses(ctx); err != nil {
		return err
	}
	for _, e := range b.engines {
		if err := b.lookups(ctx, e); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	return nil
}

// makers is the CA as a registration in the same process sees it.
type makers struct{ ca *ca.CA }

// Carry implements ra.Orders.
func (m makers) Carry(ctx context.Context, o ra.Order) (*ra.Made, error) {
	issued, err := m.ca.Issue(pki.WithActor(ctx, pki.Actor{Name: "ra", Roles: []string{officer.Site}}), ca.Order{Application: o.Application, Profile: o.Profile,
		Request: o.Request, Identity: &ca.Identity{Kind: o.IdentityKind, Number: o.Identity}, Subject: o.Subject, Days: o.Days, Single: o.Single})
	if err != nil {
		return nil, err
	}
	if issued.Encrypt == nil || issued.Envelope == nil {
		return nil, errors.New("the CA made no pair")
	}
	half := func(c *ca.Certificate) ra.MadeCertificate {
		return ra.MadeCertificate{Issuer: c.Issuer, Serial: c.Serial, Holder: c.Holder, Profile: c.Profile, NotBefore: c.NotBefore, NotAfter: c.NotAfter, DER: c.DER}
	}
	encrypt := half(issued.Encrypt)
	return &ra.Made{Sign: half(issued.Sign), Encrypt: &encrypt, Envelope: issued.Envelope, SealedTo: issued.SealedTo, Chain: issued.Chain}, nil
}

// noStates changes no certificate: nothing that is measured here does.
type noStates struct{}

// Revoke implements ra.States.
func (noStates) Revoke(context.Context, string, pki.Serial, string) error { return errNoState }

// Hold implements ra.States.
func (noStates) Hold(context.Context, string, pki.Serial) error { return errNoState }

// Release implements ra.States.
func (noStates) Release(context.Context, string, pki.Serial) error { return errNoState }

var errNoState = errors.New("no state is changed while measuring")

// counterHall is a registration with one counter and its officers.
type counterHall struct {
	*ra.Registration
	store *db.DB
}

// officerAt is an officer whose name says where and as what.
func officerAt(node, role string) context.Context { return as(node+"."+role, role) }

func openRegistration(ctx context.Context, source, dir string, orders ra.Orders, changes ...func(*ra.Config)) (*counterHall, error) {
	d, err := db.Open(ctx, source)
	if err != nil {
		return nil, err
	}
	log, err := audit.Open(ctx, d, houseOrigin+"ra")
	if err != nil {
		d.Close()
		return nil, err
	}
	own, err := os.MkdirTemp(dir, "ra")
	if err != nil {
		d.Close()
		return nil, err
	}
	sealer, err := keys.GenerateSealer("file:"+filepath.Join(own, "seal.pem"), keys.SM4GCM, keys.Options{Passphrase: []byte("bench-only")})
	if err != nil {
		d.Close()
		return nil, err
	}
	check := func(ctx context.Context, op officer.Operation) (pki.Actor, error) {
		actor, _ := pki.ActorFrom(ctx)
		return actor, officer.May(actor, op)
	}
	config := ra.Config{DB: d, Audit: log, Check: check, Sealer: sealer, Home: ra.Node{ID: "centre", Level: ra.Centre, Name: "示例中心"}, Paperless: true,
		Orders: orders, States: noStates{}, Log: quiet()}
	for _, change := range changes {
		change(&config)
	}
	r, err := ra.New(ctx, config)
	if err != nil {
		d.Close()
		return nil, err
	}
	return &counterHall{r, d}, nil
}

func (c *counterHall) close() {
	c.Close()
	c.store.Close()
}

// staff gives a node its officers.
func (c *counterHall) staff(nodes ...string) error {
	for _, node := range nodes {
		for _, role := range []string{"registrar", "reviewer", "issuer"} {
			_, err := c.SetPost(as("centre.security", officer.Security), ra.Post{Officer: node + "." + role, Node: node, Until: time.Now().AddDate(1, 0, 0)})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// tree makes a registration and a counter below the centre.
func (c *counterHall) tree(ctx context.Context) error {
	if err := c.FirstPosts(ctx, []string{"centre.system", "centre.security"}); err != nil {
		return err
	}
	for _, n := range []ra.Node{{ID: "ra1", Parent: "centre", Level: ra.RA, Name: "示例注册机构"}, {ID: "lra1", Parent: "ra1", Level: ra.LRA, Name: "示例受理点"}} {
		added, err := c.AddNode(as("centre.system", officer.System), n)
		if err != nil {
			return err
		}
		if _, err := c.SetNode(as("centre.security", officer.Security), n.ID, added.Version, ra.Active); err != nil {
			return err
		}
	}
	return c.staff("ra1", "lra1")
}

// batchIssue returns what the columns of its table show.
func (b *bench) batchIssue(ctx context.Context, e engine) ([]string, error) {
	n := pick(b, 400, 2000)
	h, err := b.house(e, 2*n+600)
	if err != nil {
		return nil, err
	}
	defer h.close()
	source, err := e.fresh()
	if err != nil {
		return nil, err
	}
	c, err := openRegistration(ctx, source, b.dir, makers{h.ca})
	if err != nil {
		return nil, err
	}
	defer c.close()
	if err := c.tree(ctx); err != nil {
		return nil, err
	}
	if err := c.approved(0, 300); err != nil { // to warm up
		return nil, err
	}
	if _, err := c.carry(); err != nil {
		return nil, err
	}
	if err := c.approved(300, n); err != nil {
		return nil, err
	}
	orders, err := caOrders(n)
	if err != nil {
		return nil, err
	}
	alone, err := spentOn(e, n, func() (time.Duration, error) {
		return clocked(func() error {
			return together(32, n, func(i int) error { _, err := h.ca.Issue(as("ra", officer.Site), orders[i]); return err })
		})
	})
	if err != nil {
		return nil, err
	}
	through, err := spentOn(e, n, c.carry)
	if err != nil {
		return nil, err
	}
	return []string{digits(through.rate), digits(2 * through.rate), micros(through.used), digits(alone.rate), micros(alone.used),
		times(through.used.Seconds() / alone.used.Seconds()), digits(2 / through.used.Seconds())}, nil
}

// spent is what n orders took: their rate, and processor time each.
type spent struct {
	rate float64
	used time.Duration
}

func spentOn(e engine, n int, act func() (time.Duration, error)) (spent, error) {
	before := ownTime() + treeTime(e.pid)
	took, err := act()
	if err != nil {
		return spent{}, err
	}
	return spent{float64(n) / took.Seconds(), (ownTime() + treeTime(e.pid) - before) / time.Duration(n)}, nil
}

// approved brings n applications to where only the issuing is left.
func (c *counterHall) approved(from, n int) error {
	return together(16, n, func(i int) error {
		a, err := c.submitted("lra1", from+i)
		if err != nil {
			return err
		}
		_, err = c.Approve(officerAt("ra1", "reviewer"), a.ID, ra.Decision{Version: a.Version})
		return err
	})
}

// submitted enters the i-th person at a counter and hands the application to review.
func (c *counterHall) submitted(counter string, i int) (*ra.Application, error) {
	key, err := pki.GenerateKey(rand.Reader, pki.SM2)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("试用者%07d", i)
	request, err := newRequest(key, pki.Name{{Type: "CN", Value: name}})
	if err != nil {
		return nil, err
	}
	a, err := c.Register(officerAt(counter, "registrar"), ra.Entry{Operation: ra.Issue, Kind: ra.Person, Request: request, Fields: map[string]string{"name": name,
		"identity_kind": "resident", "identity": residentNumber(i), "unit": "示例市民政局", "phone": "13900000000"}})
	if err != nil {
		return nil, err
	}
	return c.Submit(officerAt(counter, "registrar"), a.ID, ra.Decision{Version: a.Version})
}

// carry has everything that is approved carried out, and says how long that took.
func (c *counterHall) carry() (time.Duration, error) {
	start := time.Now()
	began, err := c.CarryAll(officerAt("ra1", "issuer"), ra.CarryQuery{})
	if err != nil {
		return 0, err
	}
	for {
		time.Sleep(10 * time.Millisecond)
		all, err := c.Carryings(officerAt("ra1", "issuer"), ra.GoQuery{})
		if err != nil {
			return 0, err
		}
		if one := all.Items[0]; one.ID == began.ID && !one.Ended.IsZero() {
			if one.Failed > 0 {
				return 0, fmt.Errorf("%d of %d failed: %s", one.Failed, one.Total, one.Faults[0].Wrong)
			}
			return time.Since(start), nil
		}
	}
}

// caOrders are as many orders made beforehand for the CA itself.
func caOrders(n int) ([]ca.Order, error) {
	m := persons()
	orders := make([]ca.Order, n)
	return orders, together(2, n, func(i int) error {
		key, err := pki.GenerateKey(rand.Reader, m.suite)
		if err != nil {
			return err
		}
		order, subject := m.order(i)
		order.Request, err = newRequest(key, subject)
		orders[i] = order
		return err
	})
}

// residentNumber is the n-th valid number of nobody: area 999999 is in no list.
func residentNumber(n int) string {
	base := fmt.Sprintf("999999%d%02d%02d%03d", 1950+n/336000%50, 1+n/28000%12, 1+n/1000%28, n%1000)
	weights, sum := []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}, 0
	for i, w := range weights {
		sum += int(base[i]-'0') * w
	}
	return base + string("10X98765432"[sum%11])
}
