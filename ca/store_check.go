package ca

import (
	"context"
	"fmt"
	"strings"
	"time"

	"onecert/db"
	"onecert/pki"
)

// abandoned is how long an unfinished order of a holder blocks another one.
const abandoned = 24 * time.Hour

// known is what the database holds of the things a batch of orders and pairs names.
type known struct {
	applications map[string]bool
	owners       map[string]string // of an applicant's key, by its hash: the holder
	pairs        map[string]string // of a key from the KMC, by its hash: the application
	holdings     []holding
	persons      map[string][]person // by skeleton
}

// holding is a certificate somebody has or is about to get.
type holding struct {
	unit
	application, issuer string
	serial              pki.Serial
	created             time.Time
}

// unit names what a holder may have once: a kind in an algorithm family.
type unit struct {
	holder string
	kind   Kind
	family string
}

type person struct{ holder, name string }

// The parts of one question, so that a batch asks once. Each gives its name, the
// value it was asked by, five texts and a time; %s is the list of values. in is where
// a row must stand for the part to give anything. Keys are asked for by keyStart of
// their hash: what another key of the same start gives stands under that key's hash.
var questions = []struct{ what, in, text string }{
	{"application", "ca_order WHERE application = ?",
		"SELECT 'application', application, '', '', '', '', '', 0 FROM ca_order WHERE application IN %s"},
	{"owner", "ca_order WHERE substr(key_hash, 1, 10) = ?",
		"SELECT 'owner', key_hash, holder, '', '', '', '', 0 FROM ca_order WHERE substr(key_hash, 1, 10) IN %s"},
	{"pair", "ca_certificate WHERE role = 'encrypt' AND substr(key_hash, 1, 10) = ?",
		"SELECT 'pair', key_hash, application, '', '', '', '', 0 FROM ca_certificate WHERE role = 'encrypt' AND substr(key_hash, 1, 10) IN %s"},
	{"person", "ca_order WHERE skeleton <> '' AND skeleton = ?",
		"SELECT 'person', skeleton, holder, spelling, '', '', '', 0 FROM ca_order WHERE skeleton <> '' AND skeleton IN %s"},
	{"holding", "ca_order WHERE holder = ?",
		`SELECT 'holding', o.holder, o.kind, o.family, o.application, o.issuer, s.serial, o.created FROM ca_order o
		JOIN ca_certificate s ON s.application = o.application AND s.role <> 'encrypt' WHERE o.holder IN %s`},
}

// keyStart is as much of a key's hash as its indexes hold: substr(key_hash, 1, 10).
func keyStart(hash string) string { return hash[:min(10, len(hash))] }

// look asks the database. A CA stores one batch after the other, so what it finds
// within a batch stays true until that is stored.
func (ca *CA) look(ctx context.Context, q querier, intents []placed[*intent]) (*known, error) {
	k := &known{applications: map[string]bool{}, owners: map[string]string{}, pairs: map[string]string{}, persons: map[string][]person{}}
	asked := ca.asked(intents)
	if found, err := db.Exists(ctx, q, probes(asked)...); err != nil || !found {
		return k, err
	}
	text, args := question(asked)
	rows, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("checking orders: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var what, key string
		var texts [5]string
		var at int64
		if err := rows.Scan(&what, &key, &texts[0], &texts[1], &texts[2], &texts[3], &texts[4], &at); err != nil {
			return nil, fmt.Errorf("checking orders: %w", err)
		}
		k.add(what, key, texts, time.UnixMilli(at))
	}
	return k, rows.Err()
}

// lookedFor are those of its names that an order is refused for, if another has them.
func (o *orderRow) lookedFor() []string {
	names := []string{applicationName(o.application), keyName(o.keyHash)}
	if o.lookAlikes {
		names = append(names, skeletonName(o.skeleton))
	}
	if o.onePerHolder {
		names = append(names, holderName(o.holder))
	}
	return names
}

// asked gathers the values of each part: of an order that was looked for ahead only
// what was not known then, and of one that names nothing that was ever named nothing.
func (ca *CA) asked(intents []placed[*intent]) map[string][]string {
	values := map[string][]string{}
	ask := func(what, value string) { values[what] = append(values[what], value) }
	for _, in := range intents {
		o := in.what.order
		if pair := in.what.newPair(); pair != nil && !ca.seen.never(keyName(pair.keyHash)) {
			ask("pair", keyStart(pair.keyHash))
		}
		if o.asOf == ca.compromises.known.Load() && ca.recent.stands(o, o.looked) || ca.seen.never(o.lookedFor()...) {
			continue
		}
		ask("application", o.application)
		ask("owner", keyStart(o.keyHash))
		ask("pair", keyStart(o.keyHash))
		if o.lookAlikes {
			ask("person", o.skeleton)
		}
		if o.onePerHolder {
			ask("holding", o.holder)
		}
	}
	return values
}

// probes asks whether there is anything to ask for: as a rule there is not.
func probes(asked map[string][]string) (all []db.Probe) {
	for _, q := range questions {
		all = append(all, db.Probe{In: q.in, Values: asked[q.what]})
	}
	return all
}

// question puts the parts together. All get as many values as the longest, up to a
// power of two, the last one again and again: the engines keep the plan of a text
// they have seen, so there must be few.
func question(asked map[string][]string) (text string, args []any) {
	size := 1
	for _, values := range asked {
		for size < len(values) {
			size *= 2
		}
	}
	var parts []string
	for _, q := range questions {
		values := asked[q.what]
		if len(values) == 0 {
			values = []string{""} // nothing is called so
		}
		parts = append(parts, fmt.Sprintf(q.text, db.In(len(args)+1, size)))
		for i := range size {
			args = append(args, values[min(i, len(values)-1)])
		}
	}
	return strings.Join(parts, " UNION ALL "), args
}

func (k *known) add(what, key string, texts [5]string, at time.Time) {
	switch what {
	case "application":
		k.applications[key] = true
	case "owner":
		k.owners[key] = texts[0]
	case "pair":
		k.pairs[key] = texts[0]
	case "person":
		k.persons[key] = append(k.persons[key], person{texts[0], texts[1]})
	case "holding":
		k.holdings = append(k.holdings, holding{unit{key, Kind(texts[0]), texts[1]}, texts[2], texts[3], pki.Serial(texts[4]), at})
	}
}

// checkIntents refuses orders that must not be stored: seen applications, keys that
// belong to somebody else or are known to others, a second certificate of one holder,
// names that look like an existing holder's, and pairs that were handed out before.
func (ca *CA) checkIntents(ctx context.Context, k *known, intents []placed[*intent], errs []error) error {
	taken, err := ca.taken(ctx, k)
	if err != nil {
		return err
	}
	for _, in := range intents {
		if errs[in.place] = ca.checkIntent(ctx, k, taken, in.what); errs[in.place] == nil {
			k.reserve(in.what)
			taken.reserve(in.what.order)
			in.what.asOf = ca.compromises.known.Load()
		}
	}
	return nil
}

// checkAhead makes the checks of orders before their pairs are asked for, so that what
// is refused takes none. They are made again when the orders are stored: what is found
// here need not be true then.
func (ca *CA) checkAhead(ctx context.Context, orders []*orderRow) []error {
	errs := make([]error, len(orders))
	intents := make([]placed[*intent], len(orders))
	from, asOf := ca.recent.now(), ca.compromises.known.Load()
	for i, o := range orders {
		o.looked = 0
		intents[i] = placed[*intent]{&intent{order: o}, i}
	}
	k, err := ca.look(ctx, ca.cfg.DB.Read(), intents)
	var taken taken
	if err == nil {
		taken, err = ca.taken(ctx, k)
	}
	for i := range intents {
		if errs[i] = storeFailed(err); err == nil {
			errs[i] = ca.checkIntent(ctx, k, taken, intents[i].what)
		}
		orders[i].looked, orders[i].asOf = from, asOf
	}
	return errs
}

// unheard reports that an order passes the checks that are made ahead because nothing it
// names was ever named, which need not be asked of the database.
func (ca *CA) unheard(o *orderRow) bool {
	from, asOf := ca.recent.now(), ca.compromises.known.Load()
	if !ca.seen.never(o.lookedFor()...) {
		return false
	}
	o.looked, o.asOf = from, asOf
	return true
}

func (ca *CA) checkIntent(ctx context.Context, k *known, taken taken, in *intent) error {
	o := in.order
	compromised := func(o *orderRow) error {
		if _, known := k.owners[o.keyHash]; !known {
			return nil
		}
		return ca.checkCompromise(ctx, o.keyHash)
	}
	for _, check := range []func(*orderRow) error{k.checkApplication, k.checkKey, compromised, taken.check, k.checkLookAlike} {
		if err := check(o); err != nil {
			return err
		}
	}
	return k.checkNewPair(in)
}

// reserve adds an order for the checks of those after it.
func (k *known) reserve(in *intent) {
	o := in.order
	if pair := in.newPair(); pair != nil {
		k.pairs[pair.keyHash] = o.application
	}
	k.applications[o.application] = true
	k.owners[o.keyHash] = o.holder
	if o.lookAlikes {
		k.persons[o.skeleton] = append(k.persons[o.skeleton], person{o.holder, o.spelling})
	}
}

func (k *known) checkApplication(o *orderRow) error {
	if k.applications[o.application] {
		return errExists
	}
	return nil
}

// checkKey refuses a public key that was certified for somebody else or that came
// from the KMC: an escrowed key must never sign.
func (k *known) checkKey(o *orderRow) error {
	owner, owned := k.owners[o.keyHash]
	_, escrowed := k.pairs[o.keyHash]
	if escrowed || owned && owner != o.holder {
		return pki.Errorf(pki.Conflict, "request.key-taken", "the request's public key is already certified for somebody else").
			To("make a new key pair; if this key was copied, report the other certificate as compromised")
	}
	return nil
}

// taken is for which application a holder has what may be had once.
type taken map[unit]string

func (ca *CA) taken(ctx context.Context, k *known) (taken, error) {
	t := taken{}
	for _, h := range k.holdings {
		live, err := ca.live(ctx, h.issuer, h.serial, h.created)
		if err != nil {
			return nil, err
		}
		if live {
			t[h.unit] = h.application
		}
	}
	return t, nil
}

func (t taken) check(o *orderRow) error {
	application, second := t[unit{o.holder, o.kind, o.family}]
	if !o.onePerHolder || !second {
		return nil
	}
	return pki.Errorf(pki.Conflict, "holder.second", "the holder has a valid %s certificate or one being made, under application %s", o.kind, application).
		To("renew or re-issue that one, or give the decision why a second is right")
}

func (t taken) reserve(o *orderRow) {
	if o.onePerHolder {
		t[unit{o.holder, o.kind, o.family}] = o.application
	}
}

// live reports whether a certificate is good or held, or still being made.
func (ca *CA) live(ctx context.Context, issuer string, serial pki.Serial, created time.Time) (bool, error) {
	now := ca.cfg.Now()
	record, err := ca.recordOf(ctx, issuer, serial)
	if pki.KindOf(err) == pki.Unknown {
		if now.Sub(created) >= abandoned {
			return false, nil
		}
		stopped, err := ca.stopped(ctx, issuer, serial)
		return !stopped, err
	}
	if err != nil {
		return false, err
	}
	state := record.State.At(now, record.NotAfter)
	return state == pki.Valid || state == pki.Held, nil
}

// stopped reports whether a certificate that is not signed yet never will be, because
// its key was found bad meanwhile.
func (ca *CA) stopped(ctx context.Context, issuer string, serial pki.Serial) (bool, error) {
	o, err := ca.readOrderOf(ctx, issuer, serial)
	if pki.KindOf(err) == pki.Unknown {
		return false, nil // of this very transaction
	}
	if err != nil {
		return false, err
	}
	return ca.compromised(ctx, o.keyHash)
}

// checkLookAlike refuses a name that looks like another holder's of the same unit
// and is spelled otherwise (design.md §3.9). Two people with truly one name pass:
// their holder ids tell them apart.
func (k *known) checkLookAlike(o *orderRow) error {
	if !o.lookAlikes {
		return nil
	}
	for _, p := range k.persons[o.skeleton] {
		if p.holder != o.holder && p.name != o.spelling {
			return pki.Errorf(pki.Conflict, "name.look-alike", "the common name looks like that of another holder in the same unit and is spelled otherwise").
				To("check the spelling; if the name is right, add something that tells the two apart")
		}
	}
	return nil
}

// checkNewPair refuses a pair of the KMC that is certified already: it must never hand
// one out twice.
func (k *known) checkNewPair(in *intent) error {
	pair := in.newPair()
	if pair == nil {
		return nil
	}
	if _, found := k.pairs[pair.keyHash]; found {
		return pki.Errorf(pki.Internal, "kmc.key-reused", "the key management centre gave out a key that is certified already").
			To("stop issuing and check the key management centre's database")
	}
	return nil
}
