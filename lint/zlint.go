package lint

import (
	"fmt"
	"slices"
	"sync"
	"unicode"

	"github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3"
	zrules "github.com/zmap/zlint/v3/lint"
)

// zlintSources are the sources that hold for any PKI. Those of browsers and of the
// CA/Browser Forum hold for public web servers only and are left out.
func zlintSources() zrules.SourceList {
	return zrules.SourceList{zrules.RFC3279, zrules.RFC5280, zrules.RFC5480, zrules.RFC5891, zrules.RFC8813, zrules.Community}
}

// zlintExcluded are rules of those sources that do not fit a private government PKI.
func zlintExcluded() []string {
	return []string{
		"n_san_iana_pub_suffix_empty", // inner networks have names of their own
		"w_ian_iana_pub_suffix_empty",
		"e_cert_issued_by_compromised_emudhra_ca", // one named public CA; costs a signature check
	}
}

// zlintRules is built at first use, because filtering the registry costs more than
// running it, and never changes.
var zlintRules = sync.OnceValues(func() (zrules.Registry, error) {
	return zrules.GlobalRegistry().Filter(zrules.FilterOptions{IncludeSources: zlintSources(), ExcludeNames: zlintExcluded()})
})

// zlintCertificate runs the public rules. Their library panics on some malformed
// input, which must not take the CA down: that becomes a finding.
func zlintCertificate(der []byte) (findings []Finding) {
	defer recovered(&findings)
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return []Finding{{"zlint.parse", "zlint", Warning, "zlint's parser refuses the certificate"}}
	}
	rules, err := zlintRules()
	if err != nil {
		return []Finding{{"zlint.registry", "zlint", Error, "zlint's rules could not be selected"}}
	}
	return zlintFindings(zlint.LintCertificateEx(c, rules))
}

func zlintCRL(der []byte) (findings []Finding) {
	defer recovered(&findings)
	l, err := x509.ParseRevocationList(der)
	if err != nil {
		return []Finding{{"zlint.parse", "zlint", Warning, "zlint's parser refuses the list"}}
	}
	rules, err := zlintRules()
	if err != nil {
		return []Finding{{"zlint.registry", "zlint", Error, "zlint's rules could not be selected"}}
	}
	return zlintFindings(zlint.LintRevocationListEx(l, rules))
}

func recovered(findings *[]Finding) {
	if r := recover(); r != nil {
		*findings = []Finding{{"zlint.panic", "zlint", Warning, "zlint could not digest the input"}}
	}
}

func zlintFindings(results *zlint.ResultSet) []Finding {
	var findings []Finding
	for name, result := range results.Results {
		severity, bad := zlintSeverity(result.Status)
		if !bad {
			continue
		}
		detail := bounded(result.LintMetadata.Description)
		if result.Details != "" {
			detail = fmt.Sprintf("%s (%s)", detail, bounded(result.Details))
		}
		clause := fmt.Sprintf("%s: %s", result.LintMetadata.Source, bounded(result.LintMetadata.Citation))
		findings = append(findings, Finding{"zlint." + name, clause, severity, detail})
	}
	slices.SortFunc(findings, func(a, b Finding) int {
		if a.Rule < b.Rule {
			return -1
		}
		return 1
	})
	return findings
}

func zlintSeverity(status zrules.LintStatus) (Severity, bool) {
	switch status {
	case zrules.Notice:
		return Notice, true
	case zrules.Warn:
		return Warning, true
	case zrules.Error, zrules.Fatal:
		return Error, true
	}
	return "", false
}

// bounded cuts foreign text to 160 characters and takes out what a terminal or a
// log reader could be fooled by.
func bounded(text string) string {
	clean := make([]rune, 0, 160)
	for _, r := range text {
		if len(clean) == 160 {
			return string(clean) + "…"
		}
		if !unicode.IsPrint(r) {
			r = '\uFFFD'
		}
		clean = append(clean, r)
	}
	return string(clean)
}
