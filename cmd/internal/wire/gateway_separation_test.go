package wire

import (
	"path/filepath"
	"testing"

	"onecert/keys"
	"onecert/officer"
	"onecert/pki"
	"onecert/serve"
)

// gatewayComponent is a gateway for the test of every call with every role.
func gatewayComponent(t *testing.T, trust []byte) *component {
	t.Helper()
	p := gatewayWithoutCA(t, newGateway(t, trust))
	p.API = serve.New(serve.Config{Title: titleGateway, Version: apiVersion, Peers: &serve.Peers{}, Log: p.options.log()})
	p.routes()
	all := &component{api: p.API, officers: p.Officers, log: p.Audit, trials: gatewayTrials(), people: map[string]pki.Actor{}}
	for _, role := range officer.Roles() {
		all.people[role] = admit(t, p.Officers, role)
	}
	return all
}

// newGateway makes a gateway's folder and returns its configuration's path.
func newGateway(t *testing.T, trust []byte) string {
	t.Helper()
	config, err := InitGateway(NewGateway{Dir: filepath.Join(t.TempDir(), "gateway"), Host: "127.0.0.1", Listen: "127.0.0.1:0", Trust: trust, CA: "https://127.0.0.1:1", SealWith: keys.AES256GCM})
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// gatewayWithoutCA opens a gateway that follows no CA: much does not hang on one.
func gatewayWithoutCA(t *testing.T, config string) *GatewayProcess {
	t.Helper()
	c, err := LoadGateway(config)
	if err != nil {
		t.Fatal(err)
	}
	p := &GatewayProcess{config: c, options: quietly(), issuers: &knownIssuers{}}
	t.Cleanup(func() { p.Close() })
	if p.trust, err = readCertificates(c.Path(c.Trust)); err != nil {
		t.Fatal(err)
	}
	if err := p.openAlone(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

// gatewayTrials is the table of the gateway's operations. What changes a configuration is
// refused to who may change none, and then by the part that differs.
func gatewayTrials() map[string][]trial {
	trials := map[string][]trial{
		"join":    {{open: true, body: object{"code": "AAAA-AAAA", "certificate": []byte("x")}}},
		"succeed": {{identified: true, body: object{"certificate": []byte("x")}}},

		"state": {{op: officer.ReadGateway}}, "configuration": {{op: officer.ReadGateway}}, "versions": {{op: officer.ReadGateway}},
		"version": {{op: officer.ReadGateway, path: "/v1/configuration/versions/1"}}, "compare": {{op: officer.ReadGateway, query: "?from=0&to=0"}},
		"configuration-check": {{op: officer.ReadGateway, body: emptyGateway()}},
		"configuration-apply": {{op: officer.WriteGateway, body: object{"base": 999, "note": "", "document": emptyGateway()}},
			{op: officer.WriteGatewayService, body: object{"base": 999, "note": "", "document": withBranding(emptyGateway())}},
			{op: officer.WriteGatewayPolicy, body: object{"base": 999, "note": "", "document": withTrust(emptyGateway())}}},
		"rollback": {{op: officer.WriteGateway, body: object{"number": 7, "base": 0, "note": ""}}},

		"trust": {{op: officer.ReadGateway}}, "backends": {{op: officer.ReadGateway}}, "handshakes": {{op: officer.ReadGateway}},
		"crl-upload":         {{op: officer.WriteGatewayPolicy, path: "/v1/trust/a/b/list", body: []byte("x")}},
		"crl-refresh":        {{op: officer.WriteGatewayPolicy, path: "/v1/trust/a/b/refresh"}},
		"trust-lists":        {{op: officer.ReadGateway}},
		"trust-list-upload":  {{op: officer.WriteGatewayPolicy, path: "/v1/trust-lists/x/content", body: []byte("x")}},
		"trust-list-refresh": {{op: officer.WriteGatewayPolicy, path: "/v1/trust-lists/x/refresh"}},
		"trust-list-adopt":   {{op: officer.WriteGatewayPolicy, path: "/v1/trust-lists/x/adopt", body: object{"number": 1, "base": 0}}},
		"statistics":         {{op: officer.ReadGateway}, {op: officer.ReadGatewayVisits, query: "?kind=user&step=day"}}, "statistics-file": {{op: officer.ReadGateway}},
		"sessions": {{op: officer.ReadGatewayVisits}}, "connections": {{op: officer.ReadGatewayVisits}},
		"session-end": {{op: officer.EndGatewaySession, path: "/v1/sessions/x/end"}},
		"explain":     {{op: officer.ReadGateway, body: object{"address": "192.0.2.1", "application": "x"}}},
		"simulate":    {{op: officer.ReadGatewayVisits, body: object{"rules": object{"version": 1, "rules": []any{}}}}},

		"policy": {{op: officer.ReadGateway}}, "policy-put": {{op: officer.WriteGateway, body: object{"base": 999, "value": object{"version": 1, "rules": []any{}}}}},

		"platform":             {{op: officer.ReadGateway}},
		"service-certificates": {{op: officer.WriteGatewayService, body: object{"name": "x", "hosts": []string{"x.example"}}}},
	}
	for id, these := range commonTrials() {
		trials[id] = these
	}
	for word, part := range map[string]struct {
		kind  string
		value object
	}{
		"service":     {"services", object{"name": "x", "kind": "web", "listen": []string{"127.0.0.1:0"}, "certificates": []string{}}},
		"application": {"applications", object{"name": "x", "backend": object{"backends": []object{{"url": "http://127.0.0.1:1"}}}}},
		"certificate": {"certificates", object{"name": "x", "chain": "x", "key": "file:x.pem"}},
		"trust-ca":    {"trust-cas", object{"name": "x", "anchors": "x"}},
		"trust-set":   {"trust-sets", object{"name": "x", "cas": []string{}}},
		"trust-list":  {"trust-lists", object{"name": "x", "of": "x", "signers": "x"}},
		"branding":    {"branding", object{"name": "x", "look": object{}}},
	} {
		path := "/v1/" + part.kind + "/x"
		trials[word] = []trial{{op: officer.ReadGateway, path: path}}
		trials[word+"-put"] = []trial{{op: officer.WriteGateway, path: path, body: object{"base": 999, "value": part.value}}}
		trials[word+"-delete"] = []trial{{op: officer.WriteGateway, path: path, query: "?base=999"}}
	}
	return trials
}

func emptyGateway() object {
	return object{"services": []any{}, "applications": []any{}, "certificates": []any{}, "trust": object{}, "policy": object{"version": 1, "rules": []any{}}}
}

func withBranding(c object) object {
	c["branding"] = []object{{"name": "x", "look": object{}}}
	return c
}

func withTrust(c object) object {
	c["trust"] = object{"sets": []object{{"name": "x", "cas": []string{}}}}
	return c
}
