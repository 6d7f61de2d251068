package main

import (
	"encoding/hex"
	"strings"
	"time"
)

// printInspected prints the facts in the order openssl made people used to.
func printInspected(p *printer, f *inspected) {
	p.line(0, "%s (%s):", p.text("kind."+string(f.Kind)), safe(f.Source))
	p.fact("inspect.version", "%d (0x%x)", f.Version, f.Version-1)
	if f.Serial != "" {
		p.fact("inspect.serial", "%s", f.Serial)
	}
	p.fact("inspect.signature-algorithm", "%s", algorithmText(f.SignatureAlgorithm))
	p.factIf("inspect.issuer", f.Issuer)
	p.factIf("inspect.this-update", day(f.ThisUpdate))
	p.factIf("inspect.next-update", day(f.NextUpdate))
	p.factIf("inspect.not-before", day(f.NotBefore))
	p.factIf("inspect.not-after", day(f.NotAfter))
	if f.Kind != kindCRL {
		p.fact("inspect.subject", "%s", safe(f.Subject))
	}
	if f.Key != nil {
		printKey(p, f.Key)
	}
	if f.Possession != nil {
		printPossession(p, f.Possession)
	}
	printExtensions(p, f.Extensions)
	printRevoked(p, f)
	if f.Signature != "" {
		p.line(1, "%s:", p.text("inspect.signature"))
		p.hexLines(2, f.Signature)
	}
	for _, name := range []string{"sha256", "sm3"} {
		sum, err := hex.DecodeString(f.Fingerprints[name])
		if err == nil {
			p.fact("inspect."+name, "%s", colons(sum))
		}
	}
}

// fact prints a label of the language and a value; factIf leaves an empty one out.
func (p *printer) fact(key, format string, args ...any) {
	p.line(1, p.text(key)+": "+format, args...)
}

func (p *printer) factIf(key, value string) {
	if value != "" {
		p.fact(key, "%s", safe(value))
	}
}

func algorithmText(a algorithmFact) string {
	text := a.OID
	if a.Name != "" {
		text = a.Name + " (" + a.OID + ")"
	}
	return text
}

// day prints an RFC 3339 instant of UTC the way it is read aloud.
func day(text string) string {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	return at.Format("2006-01-02 15:04:05 UTC")
}

func printKey(p *printer, k *keyFact) {
	p.fact("inspect.key", "%s", p.text("inspect.bits", safe(k.Name), k.Bits))
	p.line(2, "%s: %s", p.text("inspect.key-algorithm"), algorithmText(k.Algorithm))
	if k.Modulus != "" {
		p.line(2, "%s:", p.text("inspect.modulus"))
		p.hexLines(3, k.Modulus)
		p.line(2, "%s: %s", p.text("inspect.exponent"), k.Exponent)
		return
	}
	p.line(2, "%s:", p.text("inspect.point"))
	p.hexLines(3, k.Point)
}

// hexLines prints hex as octets with colons, 18 a line.
func (p *printer) hexLines(level int, text string) {
	var line []string
	for i := 0; i+2 <= len(text); i += 2 {
		line = append(line, text[i:i+2])
		if len(line) == 18 {
			p.line(level, "%s", strings.Join(line, ":"))
			line = line[:0]
		}
	}
	if len(line) > 0 {
		p.line(level, "%s", strings.Join(line, ":"))
	}
}

func printPossession(p *printer, f *possessionFact) {
	if !f.Holds {
		p.fact("inspect.possession", "%s", p.text("inspect.possession.fails", safe(f.Wrong)))
		return
	}
	p.fact("inspect.possession", "%s", p.text("inspect.form."+string(f.Form)))
	if f.CFCA {
		p.line(2, "%s", p.text("inspect.cfca"))
	}
}

func printExtensions(p *printer, all []extensionFact) {
	if len(all) == 0 {
		return
	}
	p.line(1, "%s:", p.text("inspect.extensions"))
	for _, e := range all {
		title := e.OID
		if e.Name != "" {
			title = e.Name + " (" + e.OID + ")"
			if meaning, ok := p.lookup("extension." + e.Name); ok {
				title = meaning + " " + title
			}
		}
		if e.Critical {
			title += ", " + p.text("inspect.critical")
		}
		p.line(2, "%s:", title)
		for _, value := range e.Values {
			p.line(3, "%s", value)
		}
	}
}

func printRevoked(p *printer, f *inspected) {
	if f.Kind != kindCRL {
		return
	}
	p.fact("inspect.revoked", "%d", f.RevokedTotal)
	for _, e := range f.Revoked {
		line := string(e.Serial) + "  " + day(e.At) + "  " + e.Reason
		if e.Invalidity != "" {
			line += "  " + p.text("inspect.invalidity", day(e.Invalidity))
		}
		p.line(2, "%s", line)
	}
	if more := f.RevokedTotal - len(f.Revoked); more > 0 {
		p.line(2, "%s", p.text("inspect.more", more))
	}
}
