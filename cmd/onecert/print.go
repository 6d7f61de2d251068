package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/width"
)

// moment and date are how instants are shown: UTC, as they stand in certificates.
func moment(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05 UTC") }
func date(at time.Time) string   { return at.UTC().Format("2006-01-02") }

// fingerprint is how a certificate is known in the registry of officers.
func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// pairs writes a fingerprint as people and browsers compare it.
func pairs(fingerprint string) string {
	var all []string
	for pair := range slices.Chunk([]byte(strings.ToUpper(fingerprint)), 2) {
		all = append(all, string(pair))
	}
	return strings.Join(all, ":")
}

// columns prints rows under each other; the first is the heading. Chinese
// characters are two places wide.
func (p *printer) columns(rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i := range row {
			row[i] = safe(row[i])
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], places(row[i]))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-places(cell)+2))
			}
		}
		p.line(0, "%s", strings.TrimRight(line.String(), " "))
	}
}

// places is how wide a text stands on a terminal.
func places(text string) (n int) {
	for _, r := range text {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

// labelled prints "label: value" where there is a value.
func (p *printer) labelled(level int, key, value string) {
	if value != "" {
		p.line(level, "%s: %s", p.text(key), safe(value))
	}
}

// reached is host:port as others reach what listens.
func reached(host, listen string) string {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return host
	}
	return net.JoinHostPort(host, port)
}

// say writes a line at once, for what goes on after it.
func (io *console) say(format string, args ...any) error {
	if _, err := fmt.Fprintf(io.out, format+"\n", args...); err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	return nil
}
