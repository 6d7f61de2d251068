package gateway

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"onecert/pki"
	"onecert/serve"
)

// Client is a gateway across the network: the officers' methods and the same errors. Who
// acts is whose certificate the connection was made with.
type Client struct{ c *serve.Client }

// NewClient returns a gateway that is reached through c.
func NewClient(c *serve.Client) *Client { return &Client{c} }

func get[Out any](ctx context.Context, c *Client, path string) (Out, error) {
	return serve.Call[struct{}, Out](ctx, c.c, http.MethodGet, path, nil)
}

// values are a query's parameters; what is empty is left out.
type values struct{ url.Values }

func newValues() values { return values{url.Values{}} }

func (v values) text(name, value string) {
	if value != "" {
		v.Set(name, value)
	}
}

func (v values) number(name string, value int64) {
	if value != 0 {
		v.Set(name, strconv.FormatInt(value, 10))
	}
}

func (v values) time(name string, value time.Time) {
	if !value.IsZero() {
		v.Set(name, value.UTC().Format(time.RFC3339Nano))
	}
}

// State is Gateway.State.
func (c *Client) State(ctx context.Context) (*State, error) { return get[*State](ctx, c, pathState) }

// Current is Gateway.Current.
func (c *Client) Current(ctx context.Context) (*Configuration, Version, error) {
	v, err := get[Versioned](ctx, c, pathConfiguration)
	return v.Configuration, v.Version, err
}

// Version is Gateway.Version.
func (c *Client) Version(ctx context.Context, number int64) (*Configuration, Version, error) {
	v, err := get[Versioned](ctx, c, pathVersions+"/"+strconv.FormatInt(number, 10))
	return v.Configuration, v.Version, err
}

// Versions is Gateway.Versions.
func (c *Client) Versions(ctx context.Context, before int64, n int) ([]Version, error) {
	v := newValues()
	v.number("before", before)
	v.number("limit", int64(n))
	return get[[]Version](ctx, c, pathVersions+"?"+v.Encode())
}

// Examine is Gateway.Examine.
func (c *Client) Examine(ctx context.Context, document *Configuration) (*Checked, error) {
	document.whole()
	return serve.Call[Configuration, *Checked](ctx, c.c, http.MethodPost, pathCheckDocument, document)
}

// Apply is Gateway.Apply.
func (c *Client) Apply(ctx context.Context, change Change) (Version, error) {
	if change.Document != nil {
		change.Document.whole()
	}
	return serve.Call[Change, Version](ctx, c.c, http.MethodPut, pathConfiguration, &change)
}

// Rollback is Gateway.Rollback.
func (c *Client) Rollback(ctx context.Context, number, base int64, note string) (Version, error) {
	return serve.Call[Restoring, Version](ctx, c.c, http.MethodPost, pathRollback, &Restoring{number, base, note})
}

// Compare is Gateway.Compare.
func (c *Client) Compare(ctx context.Context, from, to int64) (*Comparison, error) {
	v := newValues()
	v.number("from", from)
	v.number("to", to)
	return get[*Comparison](ctx, c, pathCompare+"?"+v.Encode())
}

func partPath(kind PartKind, name string) (string, error) {
	if _, err := editorOf(kind); err != nil {
		return "", err
	}
	if kind == PartPolicy {
		if name != nameOfPolicy {
			return "", noPart(kind, name)
		}
		return pathOfPart(kind), nil
	}
	if !isName(name) {
		return "", noPart(kind, name)
	}
	return pathOfPart(kind) + "/" + name, nil
}

// Part is Gateway.Part.
func (c *Client) Part(ctx context.Context, kind PartKind, name string) (*Part, error) {
	path, err := partPath(kind, name)
	if err != nil {
		return nil, err
	}
	p, err := get[PartOf[json.RawMessage]](ctx, c, path)
	return &Part{p.Version, p.Value}, err
}

// ChangePart is Gateway.ChangePart.
func (c *Client) ChangePart(ctx context.Context, change PartChange) (Version, error) {
	path, err := partPath(change.Kind, change.Name)
	if err != nil {
		return Version{}, err
	}
	if change.Value != nil {
		return serve.Call[PartEdit[json.RawMessage], Version](ctx, c.c, http.MethodPut, path, &PartEdit[json.RawMessage]{change.Base, change.Note, change.Value})
	}
	if change.Kind == PartPolicy {
		return Version{}, pki.Errorf(pki.Invalid, "gateway.part", "the policy cannot be taken away").To("put one without rules: nobody gets in then")
	}
	v := newValues()
	v.Set("base", strconv.FormatInt(change.Base, 10))
	v.text("note", change.Note)
	return serve.Call[struct{}, Version](ctx, c.c, http.MethodDelete, path+"?"+v.Encode(), nil)
}

// TrustHealth is Gateway.TrustHealth.
func (c *Client) TrustHealth(ctx context.Context) ([]SourceHealth, error) {
	return get[[]SourceHealth](ctx, c, pathTrust)
}

func sourcePath(ca, source string) string {
	return pathTrust + "/" + url.PathEscape(ca) + "/" + url.PathEscape(source)
}

// UploadList is Gateway.UploadList.
func (c *Client) UploadList(ctx context.Context, ca, source string, list []byte) (SourceHealth, error) {
	return serve.Upload[SourceHealth](ctx, c.c, sourcePath(ca, source)+"/list", list)
}

// RefreshList is Gateway.RefreshList.
func (c *Client) RefreshList(ctx context.Context, ca, source string) (SourceHealth, error) {
	return serve.Call[struct{}, SourceHealth](ctx, c.c, http.MethodPost, sourcePath(ca, source)+"/refresh", nil)
}

// Backends is Gateway.Backends.
func (c *Client) Backends(ctx context.Context) ([]BackendStatus, error) {
	return get[[]BackendStatus](ctx, c, pathBackends)
}

func (q StatisticsQuery) values() values {
	v := newValues()
	v.text("step", q.Step)
	v.text("kind", q.Kind)
	v.time("from", q.From)
	v.time("to", q.To)
	return v
}

// Statistics is Gateway.Statistics.
func (c *Client) Statistics(ctx context.Context, q StatisticsQuery) (*Statistics, error) {
	return get[*Statistics](ctx, c, pathStatistics+"?"+q.values().Encode())
}

// StatisticsFile is Gateway.StatisticsFile.
func (c *Client) StatisticsFile(ctx context.Context, q StatisticsQuery, language string) ([]byte, error) {
	v := q.values()
	v.text("language", language)
	file, err := serve.Octets(ctx, c.c, pathStatistics+"/file?"+v.Encode())
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, 64<<20))
}

// FailedHandshakes is Gateway.FailedHandshakes.
func (c *Client) FailedHandshakes(ctx context.Context, q HandshakeQuery) ([]FailedHandshake, error) {
	v := newValues()
	v.text("service", q.Service)
	v.text("address", q.Address)
	v.text("cause", q.Cause)
	v.number("limit", int64(q.Limit))
	return get[[]FailedHandshake](ctx, c, pathHandshakes+"?"+v.Encode())
}

// SessionList is Gateway.SessionList.
func (c *Client) SessionList(ctx context.Context, q SessionQuery) ([]SessionRow, error) {
	v := newValues()
	v.text("user", q.User)
	v.text("issuer", q.Issuer)
	v.text("serial", string(q.Serial))
	v.text("after", q.After)
	v.number("limit", int64(q.Limit))
	return get[[]SessionRow](ctx, c, pathSessions+"?"+v.Encode())
}

// EndSession is Gateway.EndSession.
func (c *Client) EndSession(ctx context.Context, id string) error {
	_, err := serve.Call[struct{}, struct{}](ctx, c.c, http.MethodPost, pathSessions+"/"+url.PathEscape(id)+"/end", nil)
	return err
}

// Connections is Gateway.Connections.
func (c *Client) Connections(ctx context.Context, q ConnectionQuery) ([]Connection, error) {
	v := newValues()
	v.text("service", q.Service)
	v.text("address", q.Address)
	v.text("user", q.User)
	v.number("limit", int64(q.Limit))
	return get[[]Connection](ctx, c, pathConnections+"?"+v.Encode())
}

// Explain is Gateway.Explain.
func (c *Client) Explain(ctx context.Context, q Question) (*Answer, error) {
	return serve.Call[Question, *Answer](ctx, c.c, http.MethodPost, pathExplain, &q)
}

// Simulate is Gateway.Simulate.
func (c *Client) Simulate(ctx context.Context, s Simulation) (*Altered, error) {
	return serve.Call[Simulation, *Altered](ctx, c.c, http.MethodPost, pathSimulate, &s)
}
