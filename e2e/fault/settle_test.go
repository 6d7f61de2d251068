package fault

import (
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/pki"
)

// settle holds what both processes have now against what clients were told, asks
// again for what had no answer, and has every rule of the two databases checked.
// Everybody has stopped.
func (w *town) settle() {
	w.t.Helper()
	before := w.compare(w.list())
	w.askAgain(before)
	all := w.compare(w.list())
	w.check(w.caChecks)
	w.agree(all, w.retired(all))
	w.check(w.kmcChecks)
	w.published(all)
	for _, wrong := range w.book.wrong {
		w.t.Errorf("seed %d: %s", w.seed, wrong)
	}
	if w.t.Failed() {
		w.t.Fatalf("seed %d: stopped\n%s", w.seed, w.complaints())
	}
}

// listed is what the CA lists of each application.
type listed map[string][]ca.Certificate

// compare holds a list of all certificates against the book; what was unclear is
// clear after it.
func (w *town) compare(all []ca.Certificate) listed {
	w.t.Helper()
	of, serials := listed{}, map[string]bool{}
	for _, c := range all {
		if name := c.Issuer + "/" + string(c.Serial); serials[name] {
			w.t.Errorf("seed %d: serial %s is there twice", w.seed, name)
		} else {
			serials[name] = true
		}
		of[c.Application] = append(of[c.Application], c)
	}
	known := map[string]bool{}
	for _, p := range w.book.pairs {
		known[p.application] = true
		w.comparePair(p, of[p.application])
	}
	for application := range of {
		if !known[application] {
			w.t.Errorf("seed %d: %s was ordered by nobody", w.seed, application)
		}
	}
	return of
}

func (w *town) comparePair(p *pair, now []ca.Certificate) {
	w.t.Helper()
	switch {
	case len(now) == 0 && p.told == nil:
		return
	case len(now) != 2:
		w.t.Errorf("seed %d: %s has %d certificates", w.seed, p.application, len(now))
		return
	case now[0].State != now[1].State:
		w.t.Errorf("seed %d: %s is half %s, half %s", w.seed, p.application, now[0].State, now[1].State)
	}
	state := now[0].State
	if p.told == nil {
		if state != pki.Valid && state != pki.Reserved { // reserved: stored and not yet signed
			w.t.Errorf("seed %d: %s, which had no answer, is %s", w.seed, p.application, state)
		}
		return
	}
	for _, c := range []*ca.Certificate{p.told.Sign, p.told.Encrypt} {
		if !slices.ContainsFunc(now, func(n ca.Certificate) bool { return n.Serial == c.Serial && n.Role == c.Role }) {
			w.t.Errorf("seed %d: %s was given certificate %s, which the CA does not list", w.seed, p.application, c.Serial)
		}
	}
	if !slices.Contains(p.states, state) {
		w.t.Errorf("seed %d: %s was told to be %s and is %s", w.seed, p.application, p.states, state)
	}
	p.states = []pki.State{state}
}

// askAgain asks for what had no answer, twice: one and the same pair, and that which
// was listed before, if there was one. It reads some of what was answered once more.
func (w *town) askAgain(before listed) {
	w.t.Helper()
	for _, p := range w.book.open(-1) {
		for range 2 {
			got, err := patiently(p.ask)
			if err != nil {
				w.t.Errorf("seed %d: %s, asked again: %s: %v", w.seed, p.application, pki.CodeOf(err), err)
				break
			}
			w.book.answered(p, got)
			there := before[p.application]
			if len(there) > 0 && !slices.ContainsFunc(there, func(c ca.Certificate) bool { return c.Serial == got.Sign.Serial }) {
				w.t.Errorf("seed %d: %s was listed as another pair before it was asked for again", w.seed, p.application)
			}
		}
	}
	for range min(8, len(w.book.pairs)) {
		p := w.book.pairs[w.dice.IntN(len(w.book.pairs))]
		if p.told == nil {
			continue
		}
		got, err := patiently(func() (*ca.Issued, error) { return w.authority.Order(context.Background(), p.application) })
		if err != nil || string(got.Sign.DER) != string(p.told.Sign.DER) || string(got.Encrypt.DER) != string(p.told.Encrypt.DER) {
			w.t.Errorf("seed %d: %s is not on record as it was told: %v", w.seed, p.application, err)
		}
	}
}

// agree holds the KMC's pairs against the CA's encryption certificates: one for one,
// with the same keys; in use while a good certificate has it, then in history.
func (w *town) agree(all listed, uses []use) {
	w.t.Helper()
	wanted, used := map[string]*pair{}, w.used(all)
	for _, p := range w.book.pairs {
		if p.told != nil && p.escrow == p {
			wanted[p.application] = p
		}
	}
	for _, u := range uses {
		p := wanted[u.Application]
		if p == nil {
			w.t.Errorf("seed %d: the KMC has a pair for %s, which the CA never issued", w.seed, u.Application)
			continue
		}
		delete(wanted, u.Application)
		certificate, err := smx509.ParseCertificate(p.told.Encrypt.DER)
		if err != nil {
			w.t.Fatal(err)
		}
		if !slices.Contains(u.Numbers, p.told.Encrypt.Serial) || u.PublicKey != hex.EncodeToString(certificate.RawSubjectPublicKeyInfo) {
			w.t.Errorf("seed %d: %s: CA and KMC have different pairs", w.seed, u.Application)
		}
		if u.Ended == used[u.Application] {
			w.t.Errorf("seed %d: the pair of %s is in history: %v; a good certificate has it: %v", w.seed, u.Application, u.Ended, used[u.Application])
		}
	}
	for application := range wanted {
		w.t.Errorf("seed %d: %s was issued with a pair that the KMC does not have", w.seed, application)
	}
}

// used tells by application whose pairs good certificates have.
func (w *town) used(all listed) map[string]bool {
	used := map[string]bool{}
	for _, p := range w.book.pairs {
		if now := all[p.application]; len(now) > 0 && now[0].State != pki.Revoked {
			used[p.escrow.application] = true
		}
	}
	return used
}

// retired returns the KMC's pairs once it has been told of every revocation: that
// comes within seconds, also after a crash.
func (w *town) retired(all listed) []use {
	w.t.Helper()
	used := w.used(all)
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		uses := w.look(w.kmcChecks, "/uses").Uses
		late := slices.ContainsFunc(uses, func(u use) bool { return !u.Ended && !used[u.Application] })
		if !late || time.Now().After(deadline) {
			return uses
		}
	}
}

// published looks at the lists' files, signs new ones, and holds those against the
// states.
func (w *town) published(all listed) {
	w.t.Helper()
	for family := range families {
		certificate, err := w.m.certificate(family)
		if err != nil {
			w.t.Fatal(err)
		}
		files, _ := filepath.Glob(filepath.Join(w.ca.lists(), family, "*.crl"))
		before := w.book.lastNumber(family)
		for _, file := range files {
			w.listFile(file, certificate)
		}
		lists, err := patiently(func() ([]ca.CRL, error) { return w.authority.SignCRLs(context.Background(), family) })
		if err != nil {
			w.t.Errorf("seed %d: signing lists: %v", w.seed, err)
			continue
		}
		w.book.listed(family, before, lists)
		list, err := smx509.ParseRevocationList(lists[0].DER)
		if err != nil || lists[0].Partition != -1 {
			w.t.Errorf("seed %d: the first list of %s is not the complete one: %v", w.seed, family, err)
			continue
		}
		w.listsAll(family, list, all)
	}
}

// listFile: what a web server would hand out is whole, and its number was never higher.
func (w *town) listFile(file string, issuer *smx509.Certificate) {
	w.t.Helper()
	der, err := os.ReadFile(file)
	if err != nil {
		w.t.Fatal(err)
	}
	list, err := smx509.ParseRevocationList(der)
	if err == nil {
		err = list.CheckSignatureFrom(issuer)
	}
	if err != nil {
		w.t.Errorf("seed %d: the published %s: %v", w.seed, filepath.Base(file), err)
		return
	}
	if last := w.files[file]; list.Number.Int64() < last {
		w.t.Errorf("seed %d: the published %s went back from number %d to %d", w.seed, filepath.Base(file), last, list.Number)
	}
	w.files[file] = list.Number.Int64()
}

func (w *town) listsAll(family string, list *smx509.RevocationList, all listed) {
	w.t.Helper()
	on := map[pki.Serial]bool{}
	for _, entry := range list.RevokedCertificateEntries {
		on[pki.SerialOf(entry.SerialNumber)] = true
	}
	for application, certificates := range all {
		for _, c := range certificates {
			if c.Issuer == family && on[c.Serial] != (c.State == pki.Revoked || c.State == pki.Held) {
				w.t.Errorf("seed %d: %s of %s is %s, on the list: %v", w.seed, c.Role, application, c.State, on[c.Serial])
			}
		}
	}
}

// complaints is what the children have logged, one line of each kind.
func (w *town) complaints() string {
	kinds := regexp.MustCompile(`error=.*|\d+`)
	seen, out := map[string]bool{}, []string{}
	for _, c := range []*process{w.ca, w.kmc} {
		for _, line := range strings.Split(c.log.String(), "\n") {
			if kind := c.Component + kinds.ReplaceAllString(line, ""); !seen[kind] && line != "" {
				seen[kind] = true
				out = append(out, c.Component+": "+line)
			}
		}
	}
	return strings.Join(out, "\n")
}
