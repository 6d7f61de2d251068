package wire

import (
	"context"
	"crypto/x509"
	"slices"
	"time"

	"onecert/console"
	"onecert/officer"
	"onecert/pki"
	"onecert/serve"
	"onecert/tlcp"
)

// ConsoleFile is the part of a component's configuration about its console.
type ConsoleFile struct {
	// Listen is where officers come with a browser and their certificate.
	Listen string `yaml:"listen"`
	// Idle is how long a session stands unused, Absolute how long at all; empty: 15
	// minutes and 10 hours.
	Idle     string `yaml:"idle,omitempty"`
	Absolute string `yaml:"absolute,omitempty"`
	// Links are the consoles of other processes, shown in the menu.
	Links []console.Link `yaml:"links,omitempty"`
}

// consoleAt is the console an init writes into a configuration; nil: none was asked for.
func consoleAt(listen string) *ConsoleFile {
	if listen == "" {
		return nil
	}
	return &ConsoleFile{Listen: listen}
}

func checkConsole(listen string) error {
	if listen == "" {
		return nil
	}
	return checkListen(listen)
}

// bounds of a session: below the one nobody can work, above the other a forgotten desk
// stays open.
const (
	shortestIdle, longestIdle         = time.Minute, 2 * time.Hour
	shortestAbsolute, longestAbsolute = 5 * time.Minute, 24 * time.Hour
)

func (f *ConsoleFile) check(path string) error {
	if f == nil {
		return nil
	}
	if f.Listen == "" {
		return pki.Errorf(pki.Invalid, "config.console", "%s: console has no listen", path).To("give the address officers' browsers come to, host:port")
	}
	if _, err := f.span("idle", f.Idle, shortestIdle, longestIdle); err != nil {
		return pki.Errorf(pki.Invalid, "config.console-span", "%s: %s", path, err)
	}
	if _, err := f.span("absolute", f.Absolute, shortestAbsolute, longestAbsolute); err != nil {
		return pki.Errorf(pki.Invalid, "config.console-span", "%s: %s", path, err)
	}
	return nil
}

func (f *ConsoleFile) span(key, text string, least, most time.Duration) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < least || d > most {
		return 0, pki.Errorf(pki.Invalid, "config.console-span", "console.%s is no span from %s to %s", key, least, most)
	}
	return d, nil
}

// ConsoleParts is what a console needs of its process.
type ConsoleParts struct {
	Kind     console.Kind
	Name     string // of the listener, in the log
	Title    string
	File     ConsoleFile
	Identity *serve.Identity
	Roots    *x509.CertPool
	TLCP     *tlcp.Config
	Audit    console.Recorder
	Beside   *serve.API // nil: nothing is reached beside the pages
	Governs  func(ctx context.Context, place string, who pki.Actor) bool
	Options  Options
}

// ServeConsole returns the listener of a console for the places of this process.
func ServeConsole(parts ConsoleParts, places ...console.Place) (serve.Server, error) {
	idle, _ := parts.File.span("idle", parts.File.Idle, shortestIdle, longestIdle) // check has seen them
	absolute, _ := parts.File.span("absolute", parts.File.Absolute, shortestAbsolute, longestAbsolute)
	config := console.Config{Kind: parts.Kind, Title: parts.Title, Places: places, Audit: parts.Audit, Governs: parts.Governs, Links: parts.File.Links,
		Idle: idle, Absolute: absolute, Version: parts.Options.version(), Now: parts.Options.now(), Log: parts.Options.log()}
	if parts.Beside != nil {
		config.Beside = parts.Beside
	}
	made, err := console.New(config)
	if err != nil {
		return serve.Server{}, err
	}
	return serve.Server{Name: parts.Name, Address: parts.File.Listen, TLS: serve.ServerTLS(parts.Identity, parts.Roots), TLCP: parts.TLCP,
		Handler: made, Log: parts.Options.log()}, nil
}

// Secures is the rule of consoles at a CA, a KMC and a gateway: their security
// administrator looks after the sessions.
func Secures(_ context.Context, _ string, who pki.Actor) bool {
	return slices.Contains(who.Roles, officer.Security)
}
