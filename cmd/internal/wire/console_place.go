package wire

import (
	"context"
	"slices"

	"onecert/console"
	"onecert/officer"
	"onecert/pki"
	"onecert/serve"
)

// Place is the CA as a console shows it.
func (p *CAProcess) Place() console.Place {
	return console.Place{Name: "ca", Title: p.config.Origin, API: p.API}
}

// Place is the key management centre as a console shows it.
func (p *KMCProcess) Place() console.Place {
	return console.Place{Name: "kmc", Title: p.config.Origin, API: p.API}
}

// Place is the gateway as a console shows it.
func (p *GatewayProcess) Place() console.Place {
	return console.Place{Name: componentGateway, Title: p.config.Origin, API: p.API}
}

// Place is the registration, or the counter, as a console shows it. Both have one API,
// so both have one name there.
func (p *RAProcess) Place() console.Place {
	return console.Place{Name: "ra", Title: p.config.Home.Name, API: p.API}
}

func (p *CAProcess) consoleServers() ([]serve.Server, error) {
	return consoleServers(p.config.Console, ConsoleParts{Title: p.config.Origin, Identity: p.identity, Roots: p.roots, TLCP: p.caller().takes(),
		Audit: p.Audit, Governs: Secures, Options: p.options}, p.Place())
}

func (p *KMCProcess) consoleServers() ([]serve.Server, error) {
	return consoleServers(p.config.Console, ConsoleParts{Title: p.config.Origin, Identity: p.identity, Roots: p.roots, TLCP: p.caller().takes(),
		Audit: p.Audit, Governs: Secures, Options: p.options}, p.Place())
}

func (p *GatewayProcess) consoleServers() ([]serve.Server, error) {
	return consoleServers(p.config.Console, ConsoleParts{Title: p.config.Origin, Identity: p.identity, Roots: p.roots, TLCP: p.caller().takes(),
		Audit: p.Audit, Governs: Secures, Options: p.options}, p.Place())
}

func (p *RAProcess) consoleServers() ([]serve.Server, error) {
	return consoleServers(p.config.Console, ConsoleParts{Title: p.config.Home.Name, Identity: p.identity, Roots: p.roots, TLCP: p.caller().takes(),
		Audit: p.Audit, Governs: p.secures, Options: p.options}, p.Place())
}

// secures is the rule of a registration's console: officers of the whole tree come to
// it, and the security administrator of its own place looks after their sessions.
func (p *RAProcess) secures(ctx context.Context, _ string, who pki.Actor) bool {
	if !slices.Contains(who.Roles, officer.Security) {
		return false
	}
	me, err := p.Me(pki.WithActor(ctx, who))
	return err == nil && me.Node.ID == p.config.Home.ID
}

// selfServer is the holders' console, which shares its listener with their API.
func (p *RAProcess) selfServer() (serve.Server, error) {
	return ServeConsole(ConsoleParts{Kind: console.Holders, Name: p.config.Component + " self-service", Title: p.config.Home.Name, File: ConsoleFile{Listen: p.config.SelfListen},
		Identity: p.identity, Roots: p.roots, TLCP: p.caller().takes(), Audit: p.Audit, Beside: p.Self, Options: p.options},
		console.Place{Name: "self", Title: p.config.Home.Name, API: p.Self, Explain: p.explain})
}

// ServeTogether is a console for several components of one process: that of a small
// site, or of the demonstration. It comes with the registration's certificate, and who
// secures the CA looks after its sessions.
func ServeTogether(file ConsoleFile, authority *CAProcess, registration *RAProcess, places ...console.Place) (serve.Server, error) {
	return ServeConsole(ConsoleParts{Kind: console.Officers, Name: "console", Title: registration.config.Home.Name, File: file, Identity: registration.identity,
		Roots: registration.roots, TLCP: registration.caller().takes(), Audit: authority.Audit, Options: registration.options,
		Governs: func(_ context.Context, place string, who pki.Actor) bool {
			return place == "ca" && slices.Contains(who.Roles, officer.Security)
		}}, places...)
}

// consoleServers is the listener of a component's own console, or none.
func consoleServers(file *ConsoleFile, parts ConsoleParts, place console.Place) ([]serve.Server, error) {
	if file == nil {
		return nil, nil
	}
	parts.Kind, parts.Name, parts.File = console.Officers, place.Name+" console", *file
	server, err := ServeConsole(parts, place)
	return []serve.Server{server}, err
}
