package wire

import (
	"bytes"
	"encoding/json"
	"fmt"

	"onecert/ca"
	"onecert/console"
	"onecert/gateway"
	"onecert/helpdesk"
	"onecert/kmc"
	"onecert/observer"
	"onecert/ra"
	"onecert/serve"
)

// apiVersion is that of the interfaces, not of the program.
const apiVersion = "1"

// Descriptions returns the OpenAPI documents of every component by its name. The
// operations are registered as they are served and never run, so no room is opened.
func Descriptions() (map[string][]byte, error) {
	authority := serve.New(serve.Config{Title: titleCA, Version: apiVersion})
	caRoutes(authority, new(ca.CA), nil, nil)
	systemRoute(authority.Huma, nil, nil)
	centre := serve.New(serve.Config{Title: titleKMC, Version: apiVersion})
	(&KMCProcess{API: centre, Centre: (*kmc.Centre)(nil)}).routes()
	registration := serve.New(serve.Config{Title: titleRA, Version: apiVersion})
	(&RAProcess{API: registration, Registration: (*ra.Registration)(nil), Desk: (*helpdesk.Desk)(nil)}).routes()
	self := serve.New(serve.Config{Title: titleSelf, Version: apiVersion})
	(*ra.Registration)(nil).SelfRoutes(self.Huma)
	(*helpdesk.Desk)(nil).PeopleRoutes(self.Huma, (*ra.Registration)(nil).Self())
	door := serve.New(serve.Config{Title: titleGateway, Version: apiVersion})
	(&GatewayProcess{API: door, Gateway: (*gateway.Gateway)(nil)}).routes()
	node := serve.New(serve.Config{Title: titleNode, Version: apiVersion})
	(*observer.Observer)(nil).Routes(node.Huma)
	systemRoute(node.Huma, nil, nil)
	all := map[string][]byte{}
	for name, api := range map[string]*serve.API{"ca": authority, "kmc": centre, "ra": registration, "self": self, "gateway": door, "node": node, "console": console.Described(apiVersion)} {
		text, err := api.Description()
		if err != nil {
			return nil, err
		}
		var lines bytes.Buffer
		if err := json.Indent(&lines, text, "", "  "); err != nil {
			return nil, fmt.Errorf("describing %s: %w", name, err)
		}
		all[name] = append(lines.Bytes(), '\n')
	}
	return all, nil
}
