package main

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// refusal is an acting verb with words that would do for it, and an identity that
// has no right to it.
type refusal struct {
	words string // PATH stands for a folder, SIGN, CSR, NUMBER and CODE for files
	who   string // of the town; the leaver's rights have ended
	code  string
}

// refusals has a row for every verb that acts through an API. Reading is for all
// officers, so for reading the identity is one whose rights have ended.
func refusals() map[string]refusal {
	const role, ended, here = "officer.forbidden", "officer.ended", "identity.ra"
	return map[string]refusal{
		"ca issue":             {"--profile person-sign --request CSR --holder X --out PATH", "centre.registrar", role},
		"ca order":             {"2026-000007 --out PATH", "leaver", ended},
		"ca renew":             {"SIGN --out PATH", "centre.security", role},
		"ca reissue":           {"SIGN --request CSR --out PATH", "centre.reviewer", role},
		"ca modify":            {"SIGN --days 3 --out PATH", "centre.system", role},
		"ca hold":              {"SIGN", "centre.security", role},
		"ca release":           {"SIGN", "centre.registrar", role},
		"ca revoke":            {"--reason keyCompromise SIGN", "centre.registrar", role},
		"ca list":              {"", "leaver", ended},
		"ca show":              {"SIGN", "leaver", ended},
		"ca crl":               {"ecdsa --sign", "centre.security", role},
		"ca issuers":           {"", "leaver", ended},
		"ca profiles":          {"", "leaver", ended},
		"ca profiles show":     {"person-sign", "leaver", ended},
		"ca holder":            {"--identity-kind resident --identity-number-file NUMBER", "centre.audit", role},
		"kmc status":           {"", "centre.security", role},
		"kmc fill":             {"", "centre.security", role},
		"kmc recover":          {"--serial 1234 --certificate SIGN --reason x --out PATH", "centre.system", role},
		"kmc ledger":           {"X", "centre.issuer", role},
		"ca crl-number":        {"ecdsa --above 99999999 --reason x", "centre.security", role},
		"ca reissue-all":       {"--from sm2 --to ecdsa --reason x", "centre.security", role},
		"ca reissue-status":    {"", "leaver", ended},
		"ca profiles history":  {"person-sign", "leaver", ended},
		"ca profiles propose":  {"CSR --reason x", "centre.security", role},
		"kmc case open":        {"--number 1 --authority a --reason r --holder X --certificate SIGN", "centre.security", role},
		"kmc case list":        {"", "centre.security", role},
		"kmc case show":        {"x", "centre.issuer", role},
		"kmc case export":      {"x --out PATH", "centre.audit", role},
		"kmc retention":        {"", "centre.issuer", role},
		"kmc destroy":          {"--serial 1234 --reason x", "centre.security", role},
		"approval list":        {"", "centre.issuer", role},
		"approval show":        {"x", "centre.issuer", role},
		"approval approve":     {"x --digest 0000000000000000000000000000000000000000000000000000000000000000", "centre.system", role},
		"approval reject":      {"x --reason y", "centre.system", role},
		"approval withdraw":    {"x", "centre.audit", role},
		"officer list":         {"", "centre.system", role},
		"officer code":         {"--name x --role issuer", "centre.system", role},
		"system":               {"", "centre.issuer", role},
		"officer end":          {"0000000000000000000000000000000000000000000000000000000000000000", "centre.audit", role},
		"ca holder-key issue":  {"--profile device-client --suite p256 --subject CN=x --out PATH", "centre.registrar", role},
		"ca holder-key letter": {"2026-000007", "centre.registrar", role},
		"ca holder-key end":    {"2026-000007 --reason x", "centre.system", role},
		// The town has no gateway either; cmd/internal/wire tries each call with each role.
		"gateway show":               {"", "centre.system", "identity.gateway"},
		"gateway check":              {"CSR", "centre.system", "identity.gateway"},
		"gateway apply":              {"CSR", "centre.system", "identity.gateway"},
		"gateway versions":           {"", "centre.system", "identity.gateway"},
		"gateway diff":               {"1 2", "centre.system", "identity.gateway"},
		"gateway rollback":           {"1", "centre.system", "identity.gateway"},
		"gateway state":              {"", "centre.system", "identity.gateway"},
		"gateway policy show":        {"", "centre.system", "identity.gateway"},
		"gateway policy put":         {"CSR", "centre.system", "identity.gateway"},
		"gateway crl list":           {"", "centre.system", "identity.gateway"},
		"gateway crl upload":         {"a b SIGN", "centre.system", "identity.gateway"},
		"gateway crl refresh":        {"a b", "centre.system", "identity.gateway"},
		"gateway sessions list":      {"", "centre.system", "identity.gateway"},
		"gateway sessions end":       {"x", "centre.system", "identity.gateway"},
		"gateway connections":        {"", "centre.system", "identity.gateway"},
		"gateway statistics":         {"", "centre.system", "identity.gateway"},
		"gateway handshakes":         {"", "centre.system", "identity.gateway"},
		"gateway backends":           {"", "centre.system", "identity.gateway"},
		"gateway explain":            {"--address 192.0.2.1 --application x", "centre.system", "identity.gateway"},
		"gateway simulate":           {"", "centre.system", "identity.gateway"},
		"gateway protect":            {"http://127.0.0.1:1 --name x --host y", "centre.system", "identity.gateway"},
		"gateway service list":       {"", "centre.system", "identity.gateway"},
		"gateway service show":       {"x", "centre.system", "identity.gateway"},
		"gateway service put":        {"CSR", "centre.system", "identity.gateway"},
		"gateway service delete":     {"x", "centre.system", "identity.gateway"},
		"gateway application list":   {"", "centre.system", "identity.gateway"},
		"gateway application show":   {"x", "centre.system", "identity.gateway"},
		"gateway application put":    {"CSR", "centre.system", "identity.gateway"},
		"gateway application delete": {"x", "centre.system", "identity.gateway"},
		"gateway certificate list":   {"", "centre.system", "identity.gateway"},
		"gateway certificate show":   {"x", "centre.system", "identity.gateway"},
		"gateway certificate put":    {"CSR", "centre.system", "identity.gateway"},
		"gateway certificate delete": {"x", "centre.system", "identity.gateway"},
		"gateway trust list":         {"", "centre.system", "identity.gateway"},
		"gateway trust show":         {"x", "centre.system", "identity.gateway"},
		"gateway trust put":          {"CSR", "centre.system", "identity.gateway"},
		"gateway trust delete":       {"x", "centre.system", "identity.gateway"},
		"gateway trust-set list":     {"", "centre.system", "identity.gateway"},
		"gateway trust-set show":     {"x", "centre.system", "identity.gateway"},
		"gateway trust-set put":      {"CSR", "centre.system", "identity.gateway"},
		"gateway trust-set delete":   {"x", "centre.system", "identity.gateway"},
		"gateway trust-list list":    {"", "centre.system", "identity.gateway"},
		"gateway trust-list show":    {"x", "centre.system", "identity.gateway"},
		"gateway trust-list put":     {"CSR", "centre.system", "identity.gateway"},
		"gateway trust-list delete":  {"x", "centre.system", "identity.gateway"},
		"gateway trust-list state":   {"", "centre.system", "identity.gateway"},
		"gateway trust-list upload":  {"x SIGN", "centre.system", "identity.gateway"},
		"gateway trust-list refresh": {"x", "centre.system", "identity.gateway"},
		"gateway trust-list adopt":   {"x 1", "centre.system", "identity.gateway"},
		"gateway branding list":      {"", "centre.system", "identity.gateway"},
		"gateway branding show":      {"x", "centre.system", "identity.gateway"},
		"gateway branding put":       {"CSR", "centre.system", "identity.gateway"},
		"gateway branding delete":    {"x", "centre.system", "identity.gateway"},
		// The town has no registration, so an identity that names none is refused; e2e and
		// the tests of cmd/internal/wire try each call without the right to it.
		"ra me":                    {"", "centre.system", here},
		"ra kinds":                 {"", "centre.system", here},
		"ra register":              {"--kind person", "centre.system", here},
		"ra apply":                 {"renew --issuer ecdsa --serial 1234", "centre.system", here},
		"ra edit":                  {"x --field a=b", "centre.system", here},
		"ra list":                  {"", "centre.system", here},
		"ra show":                  {"x", "centre.system", here},
		"ra submit":                {"x", "centre.system", here},
		"ra return":                {"x --note y", "centre.system", here},
		"ra approve":               {"x", "centre.system", here},
		"ra reject":                {"x --note y", "centre.system", here},
		"ra withdraw":              {"x", "centre.system", here},
		"ra issue":                 {"x", "centre.system", here},
		"ra deliver":               {"x", "centre.system", here},
		"ra attach":                {"x --document form=SIGN", "centre.system", here},
		"ra form":                  {"x --out PATH", "centre.system", here},
		"ra history":               {"x", "centre.system", here},
		"ra unmask":                {"x --reason why", "centre.system", here},
		"ra result":                {"x --out PATH", "centre.system", here},
		"ra certificates":          {"", "centre.system", here},
		"ra node list":             {"", "centre.system", here},
		"ra node add":              {"x --below y --name z", "centre.system", here},
		"ra node set":              {"x --name z", "centre.system", here},
		"ra node approve":          {"x", "centre.system", here},
		"ra node suspend":          {"x", "centre.system", here},
		"ra node resume":           {"x", "centre.system", here},
		"ra node close":            {"x", "centre.system", here},
		"ra post list":             {"", "centre.system", here},
		"ra post set":              {"x --node y --until 2099-01-01", "centre.system", here},
		"ra post code":             {"x --role registrar --node y --until 2099-01-01", "centre.system", here},
		"ra settle":                {"x", "centre.system", here},
		"ra batch template":        {"--out PATH", "centre.system", here},
		"ra batch upload":          {"SIGN", "centre.system", here},
		"ra batch list":            {"", "centre.system", here},
		"ra batch show":            {"x", "centre.system", here},
		"ra batch rows":            {"x", "centre.system", here},
		"ra batch confirm":         {"x", "centre.system", here},
		"ra batch withdraw":        {"x", "centre.system", here},
		"ra batch results":         {"x --out PATH", "centre.system", here},
		"ra carry start":           {"--node y", "centre.system", here},
		"ra carry list":            {"", "centre.system", here},
		"ra hand code":             {"x", "centre.system", here},
		"ra hand password":         {"x", "centre.system", here},
		"ra hand package":          {"x --out PATH", "centre.system", here},
		"ra hand receipt":          {"x", "centre.system", here},
		"ra rule list":             {"", "centre.system", here},
		"ra rule set":              {"x --node y", "centre.system", here},
		"ra rule on":               {"x", "centre.system", here},
		"ra rule off":              {"x", "centre.system", here},
		"ra holder list":           {"", "centre.system", here},
		"ra holder show":           {"x", "centre.system", here},
		"ra holder move":           {"x --to y --reason why", "centre.system", here},
		"ra holder export":         {"x --reason why --out PATH", "centre.system", here},
		"ra nearby":                {"--issuer ecdsa --serial 1234 --vetted card", "centre.system", here},
		"ra motion list":           {"", "centre.system", here},
		"ra motion consent":        {"x", "centre.system", here},
		"ra motion refuse":         {"x", "centre.system", here},
		"ra system list":           {"", "centre.system", here},
		"ra system set":            {"x --name y", "centre.system", here},
		"ra system approve":        {"x", "centre.system", here},
		"ra system end":            {"x", "centre.system", here},
		"ra system file":           {"--out PATH", "centre.system", here},
		"ra system members":        {"x", "centre.system", here},
		"ra system add":            {"x --holder y", "centre.system", here},
		"ra system remove":         {"x --holder y", "centre.system", here},
		"ra system glances":        {"", "centre.system", here},
		"ra archive close":         {"--before 2020-01-01", "centre.system", here},
		"ra archive list":          {"", "centre.system", here},
		"ra archive search":        {"--name x", "centre.system", here},
		"ra archive document":      {"x y --out PATH", "centre.system", here},
		"ra archive show":          {"x", "centre.system", here},
		"ra archive verify":        {"", "centre.system", here},
		"ra archive file":          {"1 --out PATH", "centre.system", here},
		"ra archive destroy":       {"1 --reason why", "centre.system", here},
		"ra announcement list":     {"", "centre.system", here},
		"ra announcement show":     {"x", "centre.system", here},
		"ra announcement propose":  {"SIGN SIGN --title-zh x --title-en y --begins 2099-01-01", "centre.system", here},
		"ra announcement withdraw": {"x --reason y", "centre.system", here},
		"ra work":                  {"", "centre.system", here},
		"ra policy list":           {"", "centre.system", here},
		"ra policy text":           {"practice-statement 1.0 --out PATH", "centre.system", here},
		"ra policy propose":        {"practice-statement SIGN --edition 1.0 --oid 1.2.3 --title x --begins 2099-01-01", "centre.system", here},
		"ra statistics show":       {"", "centre.system", here},
		"ra statistics file":       {"--out PATH", "centre.system", here},
		"ra ticket list":           {"", "centre.system", here},
		"ra ticket open":           {"--kind pin --name x --subject y", "centre.system", here},
		"ra ticket show":           {"x", "centre.system", here},
		"ra ticket take":           {"x --text y", "centre.system", here},
		"ra ticket answer":         {"x --text y", "centre.system", here},
		"ra ticket note":           {"x --text y", "centre.system", here},
		"ra ticket ask":            {"x --text y", "centre.system", here},
		"ra ticket resolve":        {"x --text y", "centre.system", here},
		"ra ticket forward":        {"x --to y", "centre.system", here},
		"ra ticket report":         {"2026-11", "centre.system", here},
		"ra links":                 {"", "centre.system", here},
		"ra join":                  {"--ra KMC --code-file CODE", "centre.issuer", "enrolment.unknown"},      // the code is the right
		"gateway join":             {"--gateway KMC --code-file CODE", "centre.issuer", "enrolment.unknown"}, // the code is the right
		"officer join":             {"--kmc KMC --code-file CODE", "centre.issuer", "enrolment.unknown"},     // the code is the right
	}
}

// local are the verbs that act through no API with an identity: they work on files,
// or on the machine of a component for its first start (design.md decision 12).
// officer enrol, kmc enrol, ca link and pair have no identity yet; their right is a code.
func local() []string {
	return []string{"api", "audit tail", "audit verify", "backup catch-up", "backup create", "backup drill", "backup restore", "backup verify", "ca codes", "ca init", "ca link", "ca profiles check", "ca serve",
		"ceremony run", "ceremony shares check", "ceremony verify", "cert inspect", "cert lint", "cert verify", "completion", "config check", "demo", "envelope open", "gateway codes", "gateway enrol", "gateway init", "gateway serve", "health", "help",
		"kmc codes", "kmc enrol", "kmc init", "kmc serve", "lint", "lra codes", "lra enrol", "lra init", "lra join", "lra serve", "node enrol", "node init", "node serve", "officer enrol", "pair enrol", "pair join", "policy check", "policy explain", "policy simulate", "ra codes", "ra enrol", "ra init", "ra link", "ra serve",
		"rescue certificates", "rescue codes", "rescue crl", "rescue install", "rescue look", "rescue prepare", "serve", "status",
		"tls connect", "tls probe", "tls proxy", "tls serve", "trust-list show", "trust-list sign"}
}

// A verb nobody thought of is neither acting with a row nor known to be local.
func TestEveryVerbIsKnown(t *testing.T) {
	english(t)
	acting, others := verbs()
	for _, verb := range acting {
		if _, ok := refusals()[verb]; !ok {
			t.Errorf("%q acts as an officer and has no row in refusals", verb)
		}
	}
	if len(acting) != len(refusals()) {
		t.Errorf("refusals has %d rows, and %d verbs act: %v", len(refusals()), len(acting), acting)
	}
	if !slices.Equal(others, local()) {
		t.Errorf("the verbs that act as nobody are %q", others)
	}
}

// verbs walks the tree of commands: those with an identity's flag, and the leaves
// without.
func verbs() (acting, others []string) {
	io := &console{in: strings.NewReader(""), out: &bytes.Buffer{}, err: &bytes.Buffer{}, now: time.Now, lang: "en"}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		path := strings.TrimPrefix(c.CommandPath(), "onecert ")
		switch {
		case c.Flags().Lookup(asFlag) != nil:
			acting = append(acting, path)
		case !c.HasSubCommands():
			others = append(others, path)
		}
		for _, child := range c.Commands() {
			walk(child)
		}
	}
	root := rootCommand(io)
	root.InitDefaultHelpCmd()
	walk(root)
	slices.Sort(acting)
	slices.Sort(others)
	return acting, slices.Compact(others)
}

// everyRefusal runs every acting verb without an identity and with the wrong one:
// each is refused, and changes nothing.
func everyRefusal(t *town) {
	_, csr := t.request("refused", "/C=CN/O=示例市民政局/CN=赵六", p256()...)
	words := strings.NewReplacer("PATH", t.in("refused"), "SIGN", t.in("www", "sign.pem"), "CSR", csr, "NUMBER", t.secretFile(number),
		"CODE", t.secretFile("AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA"), "KMC", "https://"+t.kmc)
	before := t.does("ca", "show", t.in("www", "sign.pem"), "--as", t.in("id", "centre.audit"))
	for verb, r := range refusals() {
		args := append(strings.Fields(verb), strings.Fields(words.Replace(r.words))...)
		t.refused("identity.missing", append(args, "--as", t.in("nobody"))...)
		t.refused(r.code, append(args, "--as", t.in("id", r.who))...)
	}
	if after := t.does("ca", "show", t.in("www", "sign.pem"), "--as", t.in("id", "centre.audit")); after != before {
		t.Errorf("a refused verb has changed something:\n%s\n%s", before, after)
	}
	if _, err := os.Stat(t.in("refused", "sign.pem")); err == nil {
		t.Error("a refused verb has written a certificate")
	}
}

// Where nobody is named, the environment and then the usual place decide, and the
// refusal says which was looked at.
func TestIdentityIsLookedFor(t *testing.T) {
	english(t)
	for _, c := range []struct{ env, config, wants string }{
		{"/nowhere/by-env", "/nowhere/config", "/nowhere/by-env"},
		{"", "/nowhere/config", "/nowhere/config/onecert"},
	} {
		t.Setenv(envIdentity, c.env)
		t.Setenv("XDG_CONFIG_HOME", c.config)
		_, stderr, code := onecert(t, "ca", "issuers")
		if code != exitRefused || !strings.Contains(stderr, "there is no identity in "+c.wants+";") {
			t.Errorf("%d %s", code, stderr)
		}
	}
}

// A passphrase is never waited for where there is no terminal.
func TestNoTerminal(t *testing.T) {
	english(t)
	c := &console{in: strings.NewReader("x\n"), err: io.Discard, lang: "en"}
	if _, err := c.askPassphrase("key.pem"); err == nil || !strings.Contains(err.Error(), "--pass-file") {
		t.Errorf("%v", err)
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	c.in = null
	if _, err := c.askFresh("key.pem", true); err == nil {
		t.Error("a device that is no terminal was asked")
	}
}
