package ra

import (
	"bytes"
	"context"
	"database/sql"
	"iter"
	"regexp"
	"slices"
	"strings"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/officer"
	"onecert/pki"
	"onecert/ra/internal/sheet"
)

// Service is what an application uses of the platform.
type Service string

// The services.
const (
	Login      Service = "login"
	Signature  Service = "signature"
	Encryption Service = "encryption"
	TimeStamp  Service = "time-stamp"
	Seal       Service = "seal"
	VPN        Service = "vpn"
)

// Services lists all of them.
func Services() []Service { return []Service{Login, Signature, Encryption, TimeStamp, Seal, VPN} }

// SystemState is how an application that uses certificates stands.
type SystemState string

// The states of a system. Each change makes it a draft again, for a second person.
const (
	SystemDraft  SystemState = "draft"
	SystemActive SystemState = "active"
	SystemEnded  SystemState = "ended"
)

// System is an application that uses certificates (应用系统, features H13): registered
// once, at the centre for all branches or at a registration for its own. Holders use it
// without an act of their registrations.
type System struct {
	ID           string      `json:"id" pattern:"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"`
	Name         string      `json:"name" minLength:"2" maxLength:"100"`
	Owner        string      `json:"owner" minLength:"2" maxLength:"100" doc:"应用单位"`
	OwnerCode    string      `json:"owner_code,omitempty" maxLength:"18" doc:"unified social credit code of the owner"`
	Contact      string      `json:"contact" minLength:"2" maxLength:"200" doc:"an office, a telephone"`
	Services     []Service   `json:"services" minItems:"1" maxItems:"10"`
	Kinds        []Kind      `json:"kinds" minItems:"1" maxItems:"10" doc:"kinds of certificates it accepts"`
	Certificates []Which     `json:"certificates,omitempty" maxItems:"50" doc:"of the application itself"`
	Reader       string      `json:"reader,omitempty" maxLength:"24" doc:"the ministry's node, which may see how its members' certificates stand"`
	Node         string      `json:"node" readOnly:"true" doc:"注册机构: who registered it"`
	Path         string      `json:"path" readOnly:"true"`
	State        SystemState `json:"state" readOnly:"true"`
	Version      int         `json:"version" doc:"of what was read; 0 is a new one"`
	Changed      time.Time   `json:"changed" readOnly:"true"`
	ChangedBy    string      `json:"changed_by" readOnly:"true"`
}

var systemForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

func (y *System) check() error {
	bad := func(code, wrong, remedy string) error {
		return pki.Errorf(pki.Invalid, "system."+code, "%s", wrong).To("%s", remedy)
	}
	switch {
	case !systemForm.MatchString(y.ID):
		return bad("id", "the application's id is not 1 to 40 of a-z, 0-9 and hyphen", "write it like tax-declaration")
	case len(strings.TrimSpace(y.Name)) < 2 || len(strings.TrimSpace(y.Owner)) < 2 || len(strings.TrimSpace(y.Contact)) < 2:
		return bad("name", "the application's name, owner or contact is missing", "fill it in")
	case len(y.Services) == 0 || slices.ContainsFunc(y.Services, func(s Service) bool { return !slices.Contains(Services(), s) }):
		return bad("services", "it is not said which services the application uses", "name login, signature, encryption, time-stamp, seal or vpn")
	case len(y.Kinds) == 0 || slices.ContainsFunc(y.Kinds, func(k Kind) bool { return !slices.Contains(Kinds(), k) }):
		return bad("kinds", "it is not said which kinds of certificates the application accepts", "name person, organisation, device or code")
	}
	for what, text := range map[string]string{"name": y.Name, "owner": y.Owner, "contact": y.Contact} {
		if err := (Decision{Note: text}).check(); err != nil {
			return err
		}
		if err := checkText(what, text); err != nil {
			return err
		}
	}
	if y.OwnerCode == "" {
		return nil
	}
	_, err := pki.NormalIdentity(pki.CreditCode, y.OwnerCode)
	return err
}

// SetSystem registers or changes an application at the registrar's node. A second
// person approves what it says now.
func (r *Registration) SetSystem(ctx context.Context, y System) (*System, error) {
	s, err := r.enter(ctx, officer.WriteSystems)
	if err != nil {
		return nil, err
	}
	if err := y.check(); err != nil {
		return nil, err
	}
	y.Node, y.Path = s.node.ID, s.node.Path
	if y.Reader != "" {
		if _, err := r.narrow(ctx, s, y.Reader); err != nil {
			return nil, err // a ministry reads across branches only where both are below who grants it
		}
	}
	for i, c := range y.Certificates {
		found, err := readCertificate(ctx, r.cfg.DB.Read(), s, c.Issuer, c.Serial)
		if err != nil {
			return nil, err
		}
		y.Certificates[i] = Which{found.Issuer, found.Serial}
	}
	y.State, y.Changed, y.ChangedBy = SystemDraft, r.now(), s.actor.Name
	err = r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := r.cfg.Audit.Append(ctx, tx, r.auditSystem(s, &y, "set")); err != nil {
			return err
		}
		return storeSystem(ctx, tx, &y)
	})
	if err != nil {
		return nil, err
	}
	return &y, nil
}

func (r *Registration) auditSystem(s scope, y *System, what string) audit.Act {
	return r.actOf(s, "system."+what, y.ID, "", map[string]string{"state": string(y.State), "services": encoded(y.Services), "kinds": encoded(y.Kinds), "reader": y.Reader, "owner": y.Owner})
}

// SetSystemState approves what an application's entry says, or ends it.
func (r *Registration) SetSystemState(ctx context.Context, id string, version int, to SystemState) (*System, error) {
	s, err := r.enter(ctx, officer.ApproveSystems)
	if err != nil {
		return nil, err
	}
	y, err := r.readSystem(ctx, id, s)
	if err != nil {
		return nil, err
	}
	switch {
	case !s.covers(y.Path):
		return nil, pki.Errorf(pki.Forbidden, "system.above", "this application is registered by an office above").To("it is changed there")
	case to == SystemActive && !s.reviews(y.Path):
		return nil, pki.Errorf(pki.Forbidden, "system.level", "what a local counter enters is approved at the registration above it").To("the reviewer of %s decides", s.above(y.Path))
	case y.Version != version:
		return nil, changed(nothing{}, nil, "application's entry")
	case to != SystemActive && to != SystemEnded || y.State == SystemEnded || y.State == to:
		return nil, pki.Errorf(pki.Conflict, "system.state", "an entry that is %s does not become %.20q", y.State, string(to)).To("a draft is made active, and any may end")
	case to == SystemActive && y.ChangedBy == s.actor.Name:
		return nil, pki.Errorf(pki.Forbidden, "system.own", "who entered it does not approve it").To("ask another one")
	}
	y.State, y.Changed, y.ChangedBy = to, r.now(), s.actor.Name
	err = r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := r.cfg.Audit.Append(ctx, tx, r.auditSystem(s, y, string(to))); err != nil {
			return err
		}
		return storeSystem(ctx, tx, y)
	})
	return y, err
}

// visible is the condition by which entries are seen: those of one's subtree, and the
// approved ones of the offices above, which are for everybody below.
const visible = "(path >= $1 AND path < $2 OR state <> 'draft' AND $3 >= path AND $3 < path || '~')"

// SystemQuery selects applications that use certificates.
type SystemQuery struct {
	ID     string      `query:"id" maxLength:"40" doc:"only the one of this id"`
	State  SystemState `query:"state" maxLength:"20"`
	Holder string      `query:"holder" maxLength:"64" doc:"only those that this holder of one's subtree is noted to use"`
	ListQuery
}

// Systems lists the applications one's branch can use, by id.
func (r *Registration) Systems(ctx context.Context, q SystemQuery) (*Page[*System], error) {
	s, err := r.enter(ctx, officer.ReadSystems)
	if err != nil {
		return nil, err
	}
	if err := checkText("search", q.ID+string(q.State)+q.Holder+q.After); err != nil {
		return nil, err
	}
	if q.Holder != "" {
		if _, err := r.enter(ctx, officer.ReadMembers); err != nil {
			return nil, err
		}
	}
	find := search{args: []any{s.from(), s.to(), s.node.Path}}
	text := "SELECT " + systemColumns + " FROM ra_system WHERE " + visible + find.is(" AND id > ?", q.After)
	if q.ID != "" {
		text += find.is(" AND id = ?", q.ID)
	}
	if q.State != "" {
		text += find.is(" AND state = ?", string(q.State))
	}
	if q.Holder != "" {
		text += find.is(" AND id IN (SELECT m.system FROM ra_member m JOIN ra_holder h ON h.id = m.holder WHERE m.holder = ? AND h.path >= ? AND h.path < ?)", q.Holder, s.from(), s.to())
	}
	return leaf(ctx, r, q.ListQuery, scanSystem, &find, text+" ORDER BY id", func(y *System) string { return y.ID })
}

func (r *Registration) readSystem(ctx context.Context, id string, s scope) (*System, error) {
	y, err := scanSystem(r.cfg.DB.Read().QueryRowContext(ctx, "SELECT "+systemColumns+" FROM ra_system WHERE "+visible+" AND id = $4", s.from(), s.to(), s.node.Path, id))
	if err != nil {
		return nil, unknownOr(err, "system.unknown", "application", id)
	}
	return y, nil
}

// SystemsFile is the table 注册机构/应用单位/应用系统 as a file: xlsx or csv, in which
// nothing is calculated.
func (r *Registration) SystemsFile(ctx context.Context, form string) ([]byte, error) {
	s, err := r.enter(ctx, officer.ReadSystems)
	if err != nil {
		return nil, err
	}
	all, err := collect(ctx, r.cfg.DB.Read(), scanSystem, "SELECT "+systemColumns+" FROM ra_system WHERE "+visible+" ORDER BY id", s.from(), s.to(), s.node.Path)
	if err != nil {
		return nil, err
	}
	names, err := collect(ctx, r.cfg.DB.Read(), scanNode, "SELECT "+nodeColumns+" FROM ra_node")
	if err != nil {
		return nil, err
	}
	nodes := map[string]string{}
	for _, n := range names {
		nodes[n.ID] = n.Name
	}
	var out bytes.Buffer
	err = sheet.Write(&out, sheet.Format(form), systemSheet(), sheet.Both, systemRows(all, nodes))
	return out.Bytes(), err
}

func systemSheet() (all []sheet.Column) {
	for _, c := range [][3]string{{"body", "注册机构", "Registered by"}, {"owner", "应用单位", "Owner"}, {"name", "应用系统", "Application"}, {"id", "编号", "Id"},
		{"code", "统一社会信用代码", "Social credit code"}, {"services", "使用的服务", "Services"}, {"kinds", "接受的证书", "Certificates accepted"},
		{"certificates", "系统证书", "Own certificates"}, {"contact", "联系方式", "Contact"}, {"state", "状态", "State"}} {
		all = append(all, sheet.Column{Key: c[0], Heading: sheet.Words{Chinese: c[1], English: c[2]}, Most: 4000})
	}
	return all
}

func systemRows(all []*System, nodes map[string]string) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for _, y := range all {
			var serials []string
			for _, c := range y.Certificates {
				serials = append(serials, c.Issuer+"/"+string(c.Serial))
			}
			if !yield([]string{nodes[y.Node], y.Owner, y.Name, y.ID, y.OwnerCode, joined(y.Services), joined(y.Kinds), strings.Join(serials, ", "), y.Contact, string(y.State)}) {
				return
			}
		}
	}
}

func joined[T ~string](all []T) string {
	texts := make([]string, len(all))
	for i, one := range all {
		texts[i] = string(one)
	}
	return strings.Join(texts, ", ")
}

const systemColumns = "id, name, owner, owner_code, contact, services, kinds, certificates, reader, node, path, state, version, changed, changed_by"

func scanSystem(row scanner) (*System, error) {
	y := &System{}
	var services, kinds, certificates string
	var changed int64
	err := row.Scan(&y.ID, &y.Name, &y.Owner, &y.OwnerCode, &y.Contact, &services, &kinds, &certificates, &y.Reader, &y.Node, &y.Path, &y.State, &y.Version, &changed, &y.ChangedBy)
	y.Changed = moment(changed)
	return y, orDecoded(err, services, &y.Services, kinds, &y.Kinds, certificates, &y.Certificates)
}

// storeSystem stores an entry: version 0 is a new one, and its node never changes.
func storeSystem(ctx context.Context, tx *sql.Tx, y *System) error {
	y.Version++
	if y.Version == 1 {
		err := db.Insert(ctx, tx, "ra_system", strings.Split(strings.ReplaceAll(systemColumns, " ", ""), ","), [][]any{{y.ID, y.Name, y.Owner, y.OwnerCode, y.Contact,
			encoded(y.Services), encoded(y.Kinds), encoded(y.Certificates), y.Reader, y.Node, y.Path, string(y.State), int64(1), millis(y.Changed), y.ChangedBy}}, "")
		if db.IsDuplicate(err) {
			return pki.Errorf(pki.Conflict, "system.taken", "there is an application of this id already").To("choose another id, or read that one and change it")
		}
		return err
	}
	result, err := tx.ExecContext(ctx, `UPDATE ra_system SET name = $1, owner = $2, owner_code = $3, contact = $4, services = $5, kinds = $6, certificates = $7, reader = $8,
		state = $9, version = $10, changed = $11, changed_by = $12 WHERE id = $13 AND version = $14 AND path = $15 AND state <> 'ended'`,
		y.Name, y.Owner, y.OwnerCode, y.Contact, encoded(y.Services), encoded(y.Kinds), encoded(y.Certificates), y.Reader, string(y.State), y.Version,
		millis(y.Changed), y.ChangedBy, y.ID, y.Version-1, y.Path)
	return changed(result, err, "application's entry")
}
