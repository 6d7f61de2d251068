package officer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"database/sql"

	"onecert/audit"
	"onecert/pki"
)

// The model knows persons, not certificates, and says in plain words what has to
// happen. Random lives of proposals are held against it: who may do what, how many
// count, what a clock that jumps does, and that an act comes about once.
func TestProposalsAgainstAModel(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		m := &approvalModel{t: t, h: h, random: rand.New(rand.NewPCG(seed, 1)), people: map[string]*modelPerson{}}
		h.OnApproved(ChangeProfiles, m.deed)
		m.enter()
		for range 500 {
			m.act()
		}
		m.compare()
	})
}

type modelPerson struct {
	ctx   []context.Context // one a certificate
	roles []string
	gone  bool
}

type modelProposal struct {
	Proposal
	id, by string
	made   time.Time
	votes  []string
	state  State // pending, used, rejected, withdrawn, expired
	done   int
	deeds  int
}

type approvalModel struct {
	t         *testing.T
	h         *house
	random    *rand.Rand
	people    map[string]*modelPerson
	names     []string
	proposals []*modelProposal
	refusals  int
	broken    bool // the next deed fails
}

func (m *approvalModel) enter() {
	for name, roles := range map[string][]string{"s1": {System}, "s2": {System}, "sec1": {Security}, "sec2": {Security}, "sec3": {Security},
		"c1": {Custodian}, "c2": {Custodian}, "c3": {Custodian}, "c4": {Custodian}, "a1": {Audit}, "i1": {Issuer}} {
		p := &modelPerson{roles: roles}
		for range 1 + m.random.IntN(2) {
			p.ctx = append(p.ctx, m.h.join(name, roles...))
		}
		m.people[name] = p
		m.names = append(m.names, name)
	}
	slices.Sort(m.names)
}

func (m *approvalModel) deed(_ context.Context, _ *sql.Tx, a Approval) (func(), error) {
	if m.broken {
		return nil, pki.Errorf(pki.Conflict, "deed.broken", "it does not fit")
	}
	for _, p := range m.proposals {
		if p.id == a.ID {
			return func() { p.deeds++ }, nil
		}
	}
	return nil, errors.New("a deed of no proposal")
}

func (m *approvalModel) act() {
	name := m.names[m.random.IntN(len(m.names))]
	who := m.people[name]
	ctx := who.ctx[m.random.IntN(len(who.ctx))]
	n := m.random.IntN(20)
	switch {
	case n < 3 || len(m.proposals) == 0:
		m.propose(name, ctx)
		return
	case n == 3:
		m.h.pass(time.Duration(m.random.IntN(50)-10) * time.Hour)
		return
	case n == 4 && m.random.IntN(4) == 0:
		m.leave(name, who)
		return
	}
	p := m.proposals[max(0, len(m.proposals)-1-m.random.IntN(4))]
	var err error
	var want string
	switch {
	case n < 14:
		digest := digestOf(p.Operation, p.Object, p.Content, p.Summary)
		if m.random.IntN(10) == 0 {
			digest = strings.Repeat("0", 64)
		}
		m.broken = m.random.IntN(4) == 0
		want = m.approve(p, name, digest)
		_, err = m.h.Approve(ctx, p.id, digest)
	case n < 17:
		content := p.Proposal
		if m.random.IntN(6) == 0 {
			content.Content += "x"
		}
		want = m.use(p, name, content)
		err = m.h.Carry(ctx, p.id, content, func(*sql.Tx, Approval) error { p.done++; return nil })
	case n == 17:
		want = m.finish(p, name, Rejected)
		_, err = m.h.Reject(ctx, p.id, "no")
	default:
		want = m.finish(p, name, Withdrawn)
		_, err = m.h.Withdraw(ctx, p.id, "")
	}
	if err == nil && want != "" || err != nil && pki.CodeOf(err) != want {
		m.t.Fatalf("%s on %s of %s by %s in %s: got %v, the model says %q", name, p.Operation, p.id, p.by, p.state, err, want)
	}
	if err != nil && want != "approval.clock" {
		m.refusals++
	}
}

func (m *approvalModel) propose(name string, ctx context.Context) {
	ops := []Operation{ChangeProfiles, Disclose, DestroyKeys, RaiseCRLNumber}
	p := &modelProposal{Proposal: Proposal{Operation: ops[m.random.IntN(len(ops))], Object: "o", Content: fmt.Sprint(len(m.proposals)), Reason: "r"},
		by: name, made: m.h.at(), state: Pending}
	if p.Operation == Disclose {
		p.Count = m.random.IntN(4)
	}
	a, err := m.h.Propose(ctx, p.Proposal, nil)
	want := ""
	switch {
	case !m.may(name, p.Operation):
		want = "officer.forbidden"
	case m.people[name].gone:
		want = "approval.officer"
	}
	if err == nil && want != "" || err != nil && pki.CodeOf(err) != want {
		m.t.Fatalf("%s proposes %s: got %v, the model says %q", name, p.Operation, err, want)
	}
	if err != nil {
		m.refusals++
	} else {
		p.id = a.ID
		m.proposals = append(m.proposals, p)
	}
}

func (m *approvalModel) may(name string, op Operation) bool {
	return slices.ContainsFunc(m.people[name].roles, func(role string) bool { return slices.Contains(rights[op], role) })
}

func (m *approvalModel) leave(name string, who *modelPerson) {
	if who.gone || name == "sec1" || name == "s1" || name == "c1" {
		return
	}
	for _, ctx := range who.ctx {
		actor, _ := pki.ActorFrom(ctx)
		if err := m.h.End(machine(m.t.Context()), actor.Certificate); err != nil {
			m.t.Fatal(err)
		}
	}
	who.gone = true
}

// usable is the part all steps share: has it ended, has its time passed, who asks.
func (m *approvalModel) usable(p *modelProposal, name string) string {
	life := requirements[p.Operation].life
	switch now := m.h.at(); {
	case p.state == Expired, p.state == Pending && !now.Before(p.made.Add(life)):
		p.state = Expired
		return "approval.expired"
	case p.state != Pending:
		return "approval.ended"
	case now.Before(p.made.Add(-time.Second)):
		return "approval.clock"
	case m.people[name].gone:
		return "approval.officer"
	}
	return ""
}

// lacking is what is missing, counting only who is still there.
func (m *approvalModel) lacking(p *modelProposal) []Need {
	needs := slices.Clone(requirements[p.Operation].needs)
	if p.Count > 0 {
		needs[0].Count = p.Count
	}
	var voters [][]string
	for _, name := range p.votes {
		if who := m.people[name]; !who.gone {
			voters = append(voters, who.roles)
		}
	}
	return missing(needs, voters)
}

func (m *approvalModel) asks(p *modelProposal, name string) bool {
	return slices.ContainsFunc(requirements[p.Operation].needs, func(n Need) bool { return slices.Contains(m.people[name].roles, n.Role) })
}

func (m *approvalModel) approve(p *modelProposal, name, digest string) string {
	if !m.may(name, DecideApproval) {
		return "officer.forbidden"
	}
	if code := m.usable(p, name); code != "" {
		return code
	}
	open := m.lacking(p)
	switch {
	case digest != digestOf(p.Operation, p.Object, p.Content, p.Summary):
		return "approval.content"
	case name == p.by:
		return "approval.own"
	case slices.Contains(p.votes, name):
		return "approval.twice"
	case !m.asks(p, name):
		return "approval.role"
	case !slices.ContainsFunc(open, func(n Need) bool { return slices.Contains(m.people[name].roles, n.Role) }):
		return "approval.enough"
	}
	p.votes = append(p.votes, name)
	if p.Operation == ChangeProfiles && len(m.lacking(p)) == 0 && !m.people[p.by].gone {
		if m.broken {
			p.votes = p.votes[:len(p.votes)-1]
			return "deed.broken"
		}
		p.state = Used
	}
	return ""
}

func (m *approvalModel) use(p *modelProposal, name string, content Proposal) string {
	if !m.may(name, p.Operation) {
		return "officer.forbidden"
	}
	if code := m.usable(p, name); code != "" {
		return code
	}
	switch {
	case content.Content != p.Content:
		return "approval.content"
	case len(m.lacking(p)) > 0 || m.people[p.by].gone:
		return "approval.pending"
	}
	p.state = Used
	return ""
}

func (m *approvalModel) finish(p *modelProposal, name string, state State) string {
	op := map[State]Operation{Rejected: DecideApproval, Withdrawn: WithdrawApproval}[state]
	if !m.may(name, op) {
		return "officer.forbidden"
	}
	if code := m.usable(p, name); code != "" {
		return code
	}
	switch {
	case state == Withdrawn && name != p.by:
		return "approval.other"
	case state == Rejected && name == p.by:
		return "approval.own"
	case state == Rejected && !m.asks(p, name):
		return "approval.role"
	}
	p.state = state
	return ""
}

// compare holds what is stored against the model, and the log against both.
func (m *approvalModel) compare() {
	refused, used := 0, map[string]int{}
	for from := int64(0); ; {
		page, err := m.h.log.Search(m.t.Context(), audit.Query{From: from})
		if err != nil {
			m.t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			if e.Result == audit.Refused {
				refused++
			} else if e.Act == "approval.use" {
				used[e.Object]++
			}
		}
		from = page[len(page)-1].Number + 1
	}
	if refused != m.refusals {
		m.t.Errorf("%d refusals in the log, %d tries were refused", refused, m.refusals)
	}
	for _, p := range m.proposals {
		times := map[bool]int{true: 1}[p.state == Used]
		if p.done+p.deeds != times || used[p.id] != times {
			m.t.Errorf("%s of %s: done %d and %d times, %d in the log", p.state, p.id, p.done, p.deeds, used[p.id])
		}
		stored := m.h.state(p.id)
		if stored != p.state && !(p.state == Pending && (stored == Approved || stored == Expired)) {
			m.t.Errorf("%s is %s, the model says %s", p.id, stored, p.state)
		}
	}
}
