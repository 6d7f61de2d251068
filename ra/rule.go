package ra

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/officer"
	"onecert/pki"
)

// Rule is a standing rule: it reviews applications of the local counters below its
// node in a person's place (features L3). None exists at delivery, a new one is off,
// and what it approved bears its name.
type Rule struct {
	Name       string      `json:"name" pattern:"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$" doc:"stands in the record of each application it approved"`
	Node       string      `json:"node" maxLength:"24" doc:"the registration or centre it reviews for"`
	Operations []Operation `json:"operations" minItems:"1" maxItems:"20" doc:"only these; a revocation has to be named like any other"`
	Kinds      []Kind      `json:"kinds" minItems:"1" maxItems:"10"`
	Quota      int         `json:"quota" minimum:"1" maximum:"1000000" doc:"how many it may approve; setting the rule counts anew"`
	Used       int         `json:"used" readOnly:"true"`
	Active     bool        `json:"active"`
	Until      time.Time   `json:"until" doc:"at most a year away"`
	Version    int         `json:"version" doc:"of what was read; 0 is a new rule"`
	Changed    time.Time   `json:"changed" readOnly:"true"`
	ChangedBy  string      `json:"changed_by" readOnly:"true"`
}

// longestRule is how far away a rule's end may be: somebody looks at it each year.
const longestRule = 366 * 24 * time.Hour

var ruleForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

func (u *Rule) check(now time.Time) error {
	switch {
	case !ruleForm.MatchString(u.Name):
		return pki.Errorf(pki.Invalid, "rule.name", "the rule's name is not 1 to 40 of a-z, 0-9 and hyphen").To("write it like renewals-2026")
	case len(u.Operations) == 0 || len(u.Kinds) == 0:
		return pki.Errorf(pki.Invalid, "rule.limits", "the rule names no operation or no kind").To("name each it is for; what is not named, a person reviews")
	case u.Quota < 1:
		return pki.Errorf(pki.Invalid, "rule.quota", "the rule has no quota").To("say how many it may approve")
	case u.Until.Sub(now) > longestRule || u.Active && !u.Until.After(now):
		return pki.Errorf(pki.Invalid, "rule.until", "the rule's end is past or more than a year away").To("give a day within the year")
	case u.Version == 0 && u.Active:
		return pki.Errorf(pki.Invalid, "rule.new", "a new rule is off").To("enter it, read it again, and switch it on then")
	}
	for _, o := range u.Operations {
		if err := o.check(); err != nil {
			return err
		}
	}
	for _, k := range u.Kinds {
		if !slices.Contains(Kinds(), k) {
			return pki.Errorf(pki.Invalid, "rule.kind", "%.20q is no kind of certificate", string(k))
		}
	}
	return nil
}

// RuleQuery selects standing rules.
type RuleQuery struct {
	Name string `query:"name" maxLength:"40" doc:"only the rule of this name"`
	ListQuery
}

// Rules lists the standing rules that may act in one's subtree: its own, and those of
// the nodes above, by name.
func (r *Registration) Rules(ctx context.Context, q RuleQuery) (*Page[Rule], error) {
	s, err := r.enter(ctx, officer.ReadRules)
	if err != nil {
		return nil, err
	}
	if err := checkText("search", q.Name+q.After); err != nil {
		return nil, err
	}
	var find search
	text := "SELECT " + ruleColumns + " FROM ra_rule u JOIN ra_node n ON n.id = u.node WHERE " + find.is("(n.path >= ? AND n.path < ? OR ? >= n.path AND ? < n.path || '~') AND u.name > ?",
		s.from(), s.to(), s.node.Path, s.node.Path, q.After)
	if q.Name != "" {
		text += find.is(" AND u.name = ?", q.Name)
	}
	return leaf(ctx, r, q.ListQuery, scanRule, &find, text+" ORDER BY u.name", func(u Rule) string { return u.Name })
}

// SetRule enters, changes, switches on or off a standing rule of a registration in
// one's subtree. The security administrator does it, who registers nothing.
func (r *Registration) SetRule(ctx context.Context, u Rule) (*Rule, error) {
	s, err := r.enter(ctx, officer.SetRules)
	if err != nil {
		return nil, err
	}
	if err := u.check(r.now()); err != nil {
		return nil, err
	}
	node, err := r.readNode(ctx, u.Node)
	if err != nil {
		return nil, err
	}
	if !s.covers(node.Path) {
		return nil, unknownOr(sql.ErrNoRows, "node.unknown", "node", u.Node)
	}
	if node.Level == LRA {
		return nil, pki.Errorf(pki.Invalid, "rule.level", "a local counter reviews nothing, so it has no rules").To("set it at the registration above")
	}
	u.Used, u.Changed, u.ChangedBy = 0, r.now(), s.actor.Name
	err = r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := r.auditRule(ctx, tx, s, &u); err != nil {
			return err
		}
		return storeRule(ctx, tx, &u)
	})
	if err != nil {
		return nil, err
	}
	return &u, nil
}

func (r *Registration) auditRule(ctx context.Context, tx *sql.Tx, s scope, u *Rule) error {
	return r.cfg.Audit.Append(ctx, tx, audit.Act{Actor: s.actor, Act: "rule.set", Object: u.Name, Result: audit.Done, At: u.Changed,
		Detail: map[string]string{"node": u.Node, "operations": encoded(u.Operations), "kinds": encoded(u.Kinds), "quota": fmt.Sprint(u.Quota),
			"active": fmt.Sprint(u.Active), "until": u.Until.UTC().Format(time.DateOnly)}})
}

// byRule lets a standing rule review what was just handed to review. Where none does,
// or it fails, the application waits for a person.
func (r *Registration) byRule(ctx context.Context, shown *Application) *Application {
	a, err := r.judged(ctx, shown.ID)
	if err != nil && pki.KindOf(err) != pki.Conflict { // a conflict is for a person to see
		r.cfg.Log.Error("the standing rules could not review an application", "application", shown.ID, "error", err)
	}
	if err != nil || a == nil {
		return shown
	}
	after := *shown
	after.State, after.Version, after.Rule, after.Changed, after.Legal, after.Barred = a.State, a.Version, a.Rule, a.Changed, nil, nil
	return &after
}

// judged has the rules review one application. A holder whom the counter could not ask
// the CA about is asked about first, in case a rule might decide.
func (r *Registration) judged(ctx context.Context, id string) (a *Application, err error) {
	holder := ""
	if a, err = r.any(ctx, id); err != nil {
		return nil, err
	}
	if a.Operation == Issue && a.Holder == "" && a.Reason == "" && r.cfg.Holders != nil {
		if all, err := r.rulesFor(ctx, r.cfg.DB.Read(), a); err != nil || len(all) == 0 {
			return nil, err
		}
		if holder, err = r.knowHolder(ctx, a); err != nil {
			return nil, err
		}
	}
	err = r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		a, err = r.ruledOf(ctx, tx, id, holder)
		return err
	})
	return a, err
}

// ruled approves a submitted application by the nearest standing rule that may; nil
// without an error where none does. Whoever brings applications to review by another
// way than Submit calls it in the same transaction.
func (r *Registration) ruled(ctx context.Context, tx *sql.Tx, id string) (*Application, error) {
	return r.ruledOf(ctx, tx, id, "")
}

// ruledOf is ruled with the holder, where the CA was asked just now.
func (r *Registration) ruledOf(ctx context.Context, tx *sql.Tx, id, holder string) (*Application, error) {
	a, err := scanApplication(tx.QueryRowContext(ctx, "SELECT "+applicationColumns+" FROM ra_application WHERE id = $1", id))
	if err != nil {
		return nil, unknownOr(err, "application.unknown", "application", id)
	}
	if a.Holder == "" {
		a.Holder = holder
	}
	if !a.plain() {
		return nil, nil
	}
	all, err := r.rulesFor(ctx, tx, a)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	if err := r.complete(a); err != nil {
		return nil, err
	}
	if err := r.papersThere(ctx, tx, a, scope{}); told(err) != nil {
		return nil, nil // they may still be on the way from a counter; HandDocument asks again
	} else if err != nil {
		return nil, err
	}
	return a, r.approveBy(ctx, tx, a, all[0])
}

// rulesFor lists the rules that may review an application now, the nearest first.
func (r *Registration) rulesFor(ctx context.Context, q querier, a *Application) ([]Rule, error) {
	all, err := collect(ctx, q, scanRule, "SELECT "+ruleColumns+` FROM ra_rule u JOIN ra_node n ON n.id = u.node WHERE u.active = 1 AND u.used < u.quota
		AND u.until > $1 AND n.level <> 'lra' AND n.state = 'active' AND $2 > n.path AND $2 < n.path || '~' ORDER BY n.path DESC, u.name`, millis(r.now()), a.Path)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	own, err := hands(ctx, q, a)
	return slices.DeleteFunc(all, func(u Rule) bool {
		return !slices.Contains(u.Operations, a.Operation) || !slices.Contains(u.Kinds, a.Kind) || slices.Contains(own, u.ChangedBy)
	}), err
}

// plain says whether nothing about a submitted application asks for a person's eye: a
// second certificate of one holder does, and a holder the CA could not be asked about.
func (a *Application) plain() bool {
	if a.State != Submitted || a.Conflict != "" {
		return false
	}
	return a.Operation != Issue || a.Holder != "" && a.Reason == ""
}

func (r *Registration) approveBy(ctx context.Context, tx *sql.Tx, a *Application, u Rule) error {
	if err := alone(ctx, tx); err != nil { // before any row is locked, as everybody does
		return err
	}
	result, err := tx.ExecContext(ctx, "UPDATE ra_rule SET used = used + 1 WHERE name = $1 AND used < quota AND active = 1", u.Name)
	if err := changed(result, err, "standing rule"); err != nil {
		return err
	}
	who := scope{actor: pki.Actor{Name: "rule/" + u.Name}}
	who.node.ID = u.Node
	for _, judge := range []deed{r.oneEach, r.permittedIn, r.take} {
		if err := judge(ctx, tx, a, who); err != nil {
			return err
		}
	}
	a.State, a.Rule = Approved, u.Name
	return r.record(ctx, tx, step{a: a, event: Approve, was: Submitted, who: who}, map[string]string{"rule": u.Name, "set_by": u.ChangedBy})
}

const ruleColumns = "u.name, u.node, u.operations, u.kinds, u.quota, u.used, u.active, u.until, u.version, u.changed, u.changed_by"

func scanRule(row scanner) (Rule, error) {
	var u Rule
	var operations, kinds string
	var active, until, changed int64
	err := row.Scan(&u.Name, &u.Node, &operations, &kinds, &u.Quota, &u.Used, &active, &until, &u.Version, &changed, &u.ChangedBy)
	u.Active, u.Until, u.Changed = active == 1, moment(until), moment(changed)
	return u, orDecoded(err, operations, &u.Operations, kinds, &u.Kinds)
}

// storeRule stores a rule: version 0 is a new one, and its node never changes.
func storeRule(ctx context.Context, tx *sql.Tx, u *Rule) error {
	u.Version++
	if u.Version == 1 {
		err := db.Insert(ctx, tx, "ra_rule", []string{"name", "node", "operations", "kinds", "quota", "used", "active", "until", "version", "changed", "changed_by"},
			[][]any{{u.Name, u.Node, encoded(u.Operations), encoded(u.Kinds), int64(u.Quota), int64(0), flag(u.Active), millis(u.Until), int64(1), millis(u.Changed), u.ChangedBy}}, "")
		if db.IsDuplicate(err) {
			return pki.Errorf(pki.Conflict, "rule.taken", "there is a rule of this name already").To("read it and change that, or choose another name")
		}
		return err
	}
	result, err := tx.ExecContext(ctx, `UPDATE ra_rule SET operations = $1, kinds = $2, quota = $3, used = 0, active = $4, until = $5, version = $6, changed = $7,
		changed_by = $8 WHERE name = $9 AND version = $10 AND node = $11`,
		encoded(u.Operations), encoded(u.Kinds), u.Quota, flag(u.Active), millis(u.Until), u.Version, millis(u.Changed), u.ChangedBy, u.Name, u.Version-1, u.Node)
	return changed(result, err, "rule")
}
