package ceremony

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

// Render returns a transcript for people, one paragraph an entry. Words gives the text
// of "transcript." and an act, a detail or a role. It leaves out what only programs
// read: the octets to be signed and the signatures.
func Render(entries []Entry, words func(key string) string) string {
	var b strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&b, "%4d  %s  %s", e.Number, e.At.Format("2006-01-02 15:04:05 UTC"), words("transcript.act."+e.Act))
		if e.Object != "" {
			b.WriteString("  " + visible(e.Object))
		}
		b.WriteByte('\n')
		for _, p := range e.People {
			fmt.Fprintf(&b, "      %s: %s\n", words("transcript.role."+p.Role), visible(p.Name))
		}
		for _, name := range Details() {
			value, ok := e.Detail[name]
			if ok && name != "tbs" && name != "signature" {
				fmt.Fprintf(&b, "      %s: %s\n", words("transcript.detail."+name), visible(value))
			}
		}
	}
	return b.String()
}

// visible shows characters that do not print as their numbers.
func visible(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u{%04x}`, r)
		}
	}
	return b.String()
}

// writeText writes the transcript for people. It can always be made again from the
// other one, which is the one that counts.
func writeText(cfg Config, entries []Entry) error {
	text := Render(entries, cfg.Words)
	if err := os.WriteFile(filepath.Join(cfg.Out, textFile), []byte(text), 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", textFile, err)
	}
	return nil
}
