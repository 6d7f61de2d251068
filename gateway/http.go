package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"onecert/policy"
)

// The paths of the API; the client uses the same.
const (
	pathState         = "/v1/state"
	pathConfiguration = "/v1/configuration"
	pathVersions      = "/v1/configuration/versions"
	pathCheckDocument = "/v1/configuration/check"
	pathRollback      = "/v1/configuration/rollback"
	pathCompare       = "/v1/configuration/compare"
	pathTrust         = "/v1/trust"
	pathBackends      = "/v1/backends"
	pathSessions      = "/v1/sessions"
	pathConnections   = "/v1/connections"
	pathStatistics    = "/v1/statistics"
	pathHandshakes    = "/v1/handshakes"
	pathExplain       = "/v1/policy/explain"
	pathSimulate      = "/v1/policy/simulate"
)

// maxList bounds an uploaded revocation list, as trust does by default.
const maxList = 128 << 20

type body[T any] struct{ Body T }

func describe(id, method, path, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Security: []map[string][]string{{"mutualTLS": {}}}}
}

// large is an operation that takes a configuration or a list.
func large(o huma.Operation, octets int64) huma.Operation {
	o.MaxBodyBytes, o.BodyReadTimeout = octets, 2*time.Minute
	return o
}

// reply wraps a method's answer for huma.
func reply[T any](answer T, err error) (*body[T], error) {
	if err != nil {
		return nil, err
	}
	return &body[T]{answer}, nil
}

// Versioned is a configuration and its version.
type Versioned struct {
	Version       Version        `json:"version"`
	Configuration *Configuration `json:"configuration"`
}

// Restoring asks for an old version as the one that runs.
type Restoring struct {
	Number int64  `json:"number" minimum:"1"`
	Base   int64  `json:"base" minimum:"0" doc:"the newest version as far as the caller knows"`
	Note   string `json:"note" maxLength:"500"`
}

// VersionPath names a version; huma sees embedded structs by exported name only.
type VersionPath struct {
	Number int64 `path:"number" minimum:"1"`
}

// SourcePath names a source of revocation data.
type SourcePath struct {
	CA     string `path:"ca" maxLength:"63"`
	Source string `path:"source" maxLength:"63"`
}

// Routes puts the gateway's operations on an API. The methods check who is asking.
func (g *Gateway) Routes(api huma.API) {
	g.configurationRoutes(api)
	g.operatingRoutes(api)
	g.visitRoutes(api)
	g.trustListRoutes(api)
	partRoutes[Service](g, api, PartService, "service")
	partRoutes[Application](g, api, PartApplication, "application")
	partRoutes[Certificate](g, api, PartCertificate, "certificate")
	partRoutes[TrustCA](g, api, PartTrustCA, "trust-ca")
	partRoutes[TrustSet](g, api, PartTrustSet, "trust-set")
	partRoutes[TrustList](g, api, PartTrustList, "trust-list")
	partRoutes[Branding](g, api, PartBranding, "branding")
	g.policyRoutes(api)
}

func (g *Gateway) configurationRoutes(api huma.API) {
	huma.Register(api, describe("state", http.MethodGet, pathState, "What runs, and whether it is what was wanted"),
		func(ctx context.Context, _ *struct{}) (*body[*State], error) { return reply(g.State(ctx)) })
	huma.Register(api, describe("configuration", http.MethodGet, pathConfiguration, "The configuration that runs"),
		func(ctx context.Context, _ *struct{}) (*body[Versioned], error) {
			c, v, err := g.Current(ctx)
			return reply(Versioned{v, c}, err)
		})
	huma.Register(api, large(describe("configuration-apply", http.MethodPut, pathConfiguration, "Make a configuration the one that runs; 409 if another one came since"), maxDocument),
		func(ctx context.Context, in *body[Change]) (*body[Version], error) {
			return reply(g.Apply(ctx, in.Body))
		})
	huma.Register(api, large(describe("configuration-check", http.MethodPost, pathCheckDocument, "Whether a configuration could run"), maxDocument),
		func(ctx context.Context, in *body[Configuration]) (*body[*Checked], error) {
			return reply(g.Examine(ctx, &in.Body))
		})
	huma.Register(api, describe("versions", http.MethodGet, pathVersions, "Versions, newest first"),
		func(ctx context.Context, in *struct {
			Before int64 `query:"before" minimum:"0"`
			Limit  int   `query:"limit" minimum:"0" maximum:"1000"`
		}) (*body[[]Version], error) {
			return reply(g.Versions(ctx, in.Before, in.Limit))
		})
	huma.Register(api, describe("version", http.MethodGet, pathVersions+"/{number}", "One version with its content"),
		func(ctx context.Context, in *VersionPath) (*body[Versioned], error) {
			c, v, err := g.Version(ctx, in.Number)
			return reply(Versioned{v, c}, err)
		})
	huma.Register(api, describe("rollback", http.MethodPost, pathRollback, "Make an old version the one that runs, as a new one"),
		func(ctx context.Context, in *body[Restoring]) (*body[Version], error) {
			return reply(g.Rollback(ctx, in.Body.Number, in.Body.Base, in.Body.Note))
		})
	huma.Register(api, describe("compare", http.MethodGet, pathCompare, "What is different in two versions, part by part"),
		func(ctx context.Context, in *struct {
			From int64 `query:"from" minimum:"0" doc:"0: nothing at all"`
			To   int64 `query:"to" minimum:"0"`
		}) (*body[*Comparison], error) {
			return reply(g.Compare(ctx, in.From, in.To))
		})
}

// operatingRoutes are about what runs beside the configuration.
func (g *Gateway) operatingRoutes(api huma.API) {
	huma.Register(api, describe("trust", http.MethodGet, pathTrust, "How every source of revocation data is"),
		func(ctx context.Context, _ *struct{}) (*body[[]SourceHealth], error) {
			return reply(g.TrustHealth(ctx))
		})
	huma.Register(api, large(describe("crl-upload", http.MethodPost, pathTrust+"/{ca}/{source}/list", "Hand in a revocation list, PEM or DER"), maxList),
		func(ctx context.Context, in *struct {
			SourcePath
			RawBody []byte `contentType:"application/octet-stream"`
		}) (*body[SourceHealth], error) {
			return reply(g.UploadList(ctx, in.CA, in.Source, in.RawBody))
		})
	huma.Register(api, describe("crl-refresh", http.MethodPost, pathTrust+"/{ca}/{source}/refresh", "Fetch a revocation list now"),
		func(ctx context.Context, in *SourcePath) (*body[SourceHealth], error) {
			return reply(g.RefreshList(ctx, in.CA, in.Source))
		})
	huma.Register(api, describe("backends", http.MethodGet, pathBackends, "How the back ends do, by application"),
		func(ctx context.Context, _ *struct{}) (*body[[]BackendStatus], error) { return reply(g.Backends(ctx)) })
	huma.Register(api, describe("statistics", http.MethodGet, pathStatistics, "What was counted, by minutes or days, and what is open now"),
		func(ctx context.Context, in *StatisticsQuery) (*body[*Statistics], error) {
			return reply(g.Statistics(ctx, *in))
		})
	huma.Register(api, describe("statistics-file", http.MethodGet, pathStatistics+"/file", "The same as CSV"),
		func(ctx context.Context, in *struct {
			StatisticsQuery
			Language string `query:"language" enum:"zh,en" default:"zh"`
		}) (*statisticsFile, error) {
			content, err := g.StatisticsFile(ctx, in.StatisticsQuery, in.Language)
			if err != nil {
				return nil, err
			}
			return &statisticsFile{"text/csv; charset=utf-8", `attachment; filename="gateway.csv"`, content}, nil
		})
	huma.Register(api, describe("handshakes", http.MethodGet, pathHandshakes, "The last handshakes that failed, and why"),
		func(ctx context.Context, in *HandshakeQuery) (*body[[]FailedHandshake], error) {
			return reply(g.FailedHandshakes(ctx, *in))
		})
}

// statisticsFile is an answer that is no JSON.
type statisticsFile struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

// visitRoutes are about people who are here.
func (g *Gateway) visitRoutes(api huma.API) {
	huma.Register(api, describe("sessions", http.MethodGet, pathSessions, "Who is logged in"),
		func(ctx context.Context, in *SessionQuery) (*body[[]SessionRow], error) {
			return reply(g.SessionList(ctx, *in))
		})
	huma.Register(api, describe("session-end", http.MethodPost, pathSessions+"/{id}/end", "End a session, and what is open under it"),
		func(ctx context.Context, in *struct {
			ID string `path:"id" maxLength:"64"`
		}) (*body[struct{}], error) {
			return reply(struct{}{}, g.EndSession(ctx, in.ID))
		})
	huma.Register(api, describe("connections", http.MethodGet, pathConnections, "What is open now"),
		func(ctx context.Context, in *ConnectionQuery) (*body[[]Connection], error) {
			return reply(g.Connections(ctx, *in))
		})
	huma.Register(api, large(describe("explain", http.MethodPost, pathExplain, "Whether somebody would get in, and which rule decides"), maxDocument),
		func(ctx context.Context, in *body[Question]) (*body[*Answer], error) {
			return reply(g.Explain(ctx, in.Body))
		})
	huma.Register(api, large(describe("simulate", http.MethodPost, pathSimulate, "What another policy would have altered in the recorded visits"), maxDocument),
		func(ctx context.Context, in *body[Simulation]) (*body[*Altered], error) {
			return reply(g.Simulate(ctx, in.Body))
		})
}

// PartOf is a part with the version it stands in.
type PartOf[T any] struct {
	Version int64 `json:"version" doc:"base of a change"`
	Value   T     `json:"value"`
}

// PartEdit is a part that is to take its place.
type PartEdit[T any] struct {
	Base  int64  `json:"base" minimum:"0" doc:"the version it was made from; another one since then is a conflict"`
	Note  string `json:"note,omitempty" maxLength:"500" doc:"why"`
	Value T      `json:"value"`
}

// NamePath names a part.
type NamePath struct {
	Name string `path:"name" maxLength:"63"`
}

func pathOfPart(kind PartKind) string { return "/v1/" + string(kind) }

// partRoutes lets one named part be read, put and taken away.
func partRoutes[T any](g *Gateway, api huma.API, kind PartKind, word string) {
	path := pathOfPart(kind) + "/{name}"
	huma.Register(api, describe(word, http.MethodGet, path, "One "+word+" of the newest configuration"),
		func(ctx context.Context, in *NamePath) (*body[PartOf[T]], error) {
			return partOf[T](g.Part(ctx, kind, in.Name))
		})
	huma.Register(api, large(describe(word+"-put", http.MethodPut, path, "Put one "+word+" in its place: a new version; 409 if another one came since"), maxDocument),
		func(ctx context.Context, in *struct {
			NamePath
			Body PartEdit[T]
		}) (*body[Version], error) {
			return putPart(ctx, g, PartChange{Kind: kind, Name: in.Name, Base: in.Body.Base, Note: in.Body.Note}, in.Body.Value)
		})
	huma.Register(api, describe(word+"-delete", http.MethodDelete, path, "Take one "+word+" away: a new version"),
		func(ctx context.Context, in *struct {
			NamePath
			Base int64  `query:"base" minimum:"0" required:"true"`
			Note string `query:"note" maxLength:"500"`
		}) (*body[Version], error) {
			return reply(g.ChangePart(ctx, PartChange{Kind: kind, Name: in.Name, Base: in.Base, Note: in.Note}))
		})
}

func partOf[T any](p *Part, err error) (*body[PartOf[T]], error) {
	if err != nil {
		return nil, err
	}
	out := &body[PartOf[T]]{PartOf[T]{Version: p.Version}}
	return out, json.Unmarshal(p.Value, &out.Body.Value)
}

func putPart[T any](ctx context.Context, g *Gateway, change PartChange, value T) (_ *body[Version], err error) {
	if change.Value, err = json.Marshal(value); err != nil {
		return nil, err
	}
	return reply(g.ChangePart(ctx, change))
}

func (g *Gateway) policyRoutes(api huma.API) {
	huma.Register(api, describe("policy", http.MethodGet, pathOfPart(PartPolicy), "The policy of the newest configuration"),
		func(ctx context.Context, _ *struct{}) (*body[PartOf[policy.Rules]], error) {
			return partOf[policy.Rules](g.Part(ctx, PartPolicy, nameOfPolicy))
		})
	huma.Register(api, large(describe("policy-put", http.MethodPut, pathOfPart(PartPolicy), "Put another policy in its place: a new version"), maxDocument),
		func(ctx context.Context, in *body[PartEdit[policy.Rules]]) (*body[Version], error) {
			return putPart(ctx, g, PartChange{Kind: PartPolicy, Name: nameOfPolicy, Base: in.Body.Base, Note: in.Body.Note}, in.Body.Value)
		})
}
