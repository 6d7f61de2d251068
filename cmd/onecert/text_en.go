package main

// The English tables; read only. text_zh.go has the same keys.
var englishCommand = table{
	"cmd.onecert":         "OneCert: a PKI for government networks",
	"cmd.cert":            "Inspect, lint and verify certificate files",
	"cmd.inspect":         "Show what certificates, CRLs and requests say",
	"cmd.inspect.long":    "Show every certificate, CRL and certificate request of FILE (PEM or DER, '-' for standard input), SM2 and national extensions included.",
	"cmd.lint":            "Check certificates and CRLs against the standards",
	"cmd.lint.long":       "Check every certificate and CRL of FILE (PEM or DER, '-' for standard input) against RFC 5280, GB/T 20518, good practice and naming rules. Exit code 1 if a rule is broken. The issuer is taken from the same file when it is there.",
	"cmd.completion":      "Print a shell completion script",
	"cmd.completion.long": "Print a completion script for bash, zsh, fish or powershell. For bash: source <(onecert completion bash)",
	"cmd.help":            "Help about a command",
	"flag.json":           "answer, and report errors, as JSON",
	"flag.lang":           "language of what is printed: en or zh (default: from the locale)",
	"flag.help":           "show help",
	"flag.inspect.all":    "show all entries of a CRL",
	"flag.lint.issuer":    "FILE with the issuer's certificate",
	"flag.lint.no-zlint":  "leave out the rules of zlint",
	"flag.lint.strict":    "judge as before issuing: practice and naming rules block",

	"help.Usage:": "Usage:", "help.Aliases:": "Aliases:", "help.Examples:": "Examples:",
	"help.Available Commands:": "Commands:", "help.Additional Commands:": "More commands:", "help.Flags:": "Flags:",
	"help.Global Flags:": "Flags of every command:", "help.Additional help topics:": "More help:",
	"help.tail": `"{{.CommandPath}} [command] --help" says more about a command.`,

	"usage.unknown":  "%q is no command of %q",
	"usage.one-file": "one FILE is wanted, %d are given",
	"usage.verb":     "%q needs a command after it",
	"usage.lang":     "the language is en or zh",
	"usage.see":      "see '%s --help'",

	"doing.writing":    "writing %s",
	"doing.reading":    "reading %s",
	"doing.inspecting": "inspecting %s",
	"doing.linting":    "linting %s",
	"file.kind":        "it holds something else (%s) than is wanted (%s)",

	"severity.error": "error  ", "severity.warning": "warning", "severity.notice": "notice ",
	"lint.summary":       "%d errors, %d warnings, %d notices",
	"lint.errors":        "%d rules are broken",
	"lint.errors.remedy": "have the certificate issued anew without these faults",
}

var englishInspect = table{
	"kind.certificate": "Certificate", "kind.crl": "Certificate revocation list", "kind.request": "Certificate request",
	"inspect.version": "Version", "inspect.serial": "Serial number", "inspect.signature-algorithm": "Signature algorithm",
	"inspect.issuer": "Issuer", "inspect.subject": "Subject",
	"inspect.not-before": "Not before", "inspect.not-after": "Not after",
	"inspect.this-update": "This update", "inspect.next-update": "Next update",
	"inspect.key": "Public key", "inspect.bits": "%s (%d bit)", "inspect.key-algorithm": "Algorithm",
	"inspect.modulus": "Modulus", "inspect.exponent": "Exponent", "inspect.point": "Point",
	"inspect.extensions": "Extensions", "inspect.critical": "critical",
	"inspect.revoked": "Revoked certificates", "inspect.invalidity": "invalid since %s", "inspect.more": "… and %d more; show them with --all",
	"inspect.possession":       "Proof of possession",
	"inspect.possession.fails": "does not hold: %s",
	"inspect.form.standard":    "holds",
	"inspect.form.empty-id":    "holds, signed with an empty SM2 user id (as plain 'openssl req' does)",
	"inspect.form.double-hash": "holds, signed over the SM3 digest of the request (as some web tools do)",
	"inspect.cfca":             "CFCA's dialect of a dual-certificate request, with a temporary key",
	"inspect.signature":        "Signature", "inspect.sha256": "SHA-256 fingerprint", "inspect.sm3": "SM3 fingerprint",
}
