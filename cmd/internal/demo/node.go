package demo

import (
	"context"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"

	"onecert/ca"
	"onecert/cmd/internal/wire"
	"onecert/officer"
	"onecert/pki"
	"onecert/serve"
)

// directoryBase is what the demonstration's directory stands under.
const directoryBase = "o=OneCert,c=CN"

func makeNode(o Options, s *state) error {
	trust, err := trusted(o.Dir)
	if err != nil {
		return err
	}
	_, err = wire.InitNode(wire.NewNode{Dir: filepath.Join(o.Dir, "node"), Host: s.Host, CA: "https://" + s.address("ca"), Trust: trust,
		Listen: s.address("node"), Public: s.address("public"), LDAP: s.address("ldap"), Base: directoryBase, Observe: true,
		Portal: wire.NodePortal{Operator: "示例省电子政务", Registration: "https://" + s.address("self"), SelfService: "https://" + s.address("self"), Console: "https://" + s.address("console")}})
	return err
}

// siteOfNode gives the node of status its certificate and its role.
func (t *tree) siteOfNode(ctx context.Context) error {
	text, err := os.ReadFile(filepath.Join(t.o.Dir, "node/tls.csr"))
	if err != nil {
		return fmt.Errorf("reading the node's request: %w", err)
	}
	request, _ := pem.Decode(text)
	issued, err := t.ca.Issue(office(ctx), ca.Order{Application: "site-node", Profile: "site", Request: request.Bytes, Holder: "site:node",
		AltNames: []pki.AltName{ca.HostName(t.s.Host), {Kind: "dns", Value: "localhost"}}})
	if err != nil {
		return err
	}
	_, err = t.ca.Officers.Register(office(ctx), officer.Registration{Certificate: issued.Sign.DER, Name: "node", Kind: officer.Place,
		Roles: []string{officer.Node}, Issuer: issued.Sign.Issuer})
	if err != nil {
		return fmt.Errorf("registering the node: %w", err)
	}
	return writeFile(filepath.Join(t.o.Dir, "node/tls.pem"), wire.PEM(issued.Sign.DER, issued.Chain[0]), 0o644)
}

// openNode starts the node of status. It follows the CA across the network, so the
// CA's API has to be there.
func (t *tree) openNode(ctx context.Context) ([]serve.Server, error) {
	config, err := wire.LoadNode(filepath.Join(t.o.Dir, "node/node.yaml"))
	if err != nil {
		return nil, err
	}
	if t.node, err = wire.OpenNode(ctx, config, wire.Options{Now: t.now, Log: t.o.Log, Version: t.o.Version}); err != nil {
		return nil, err
	}
	return t.node.Servers(ctx)
}
