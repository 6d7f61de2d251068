package serve

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"onecert/pki"
)

// maxFaults bounds how many broken rules one answer lists, maxMessage the octets
// of each.
const (
	maxFaults  = 16
	maxMessage = 200
)

// translate turns what huma reports into a Problem: a handler's error by its
// kind, a broken request by its rules. hc is nil at registration.
func translate(ctx context.Context, hc huma.Context, status int, errs []error) *Problem {
	for _, err := range errs {
		if _, ours := errors.AsType[*pki.Error](err); ours {
			return explain(ctx, err)
		}
	}
	c := callOf(ctx)
	if status >= http.StatusInternalServerError {
		if c != nil && c.failed != nil && hc != nil {
			status, errs = http.StatusBadRequest, nil // the body broke off: not our fault
		} else {
			return explain(ctx, errors.Join(errs...))
		}
	}
	p := protocolError(status)
	if c != nil {
		p.RequestID = c.id
	}
	if hc == nil || status == http.StatusUnsupportedMediaType {
		return p
	}
	p.Errors = faults(errs, names(c, hc.Operation()))
	if len(p.Errors) > 0 {
		p.Title += ": " + p.Errors[0].Location + ": " + p.Errors[0].Message
	}
	return p
}

// faults keeps of each error the place and the rule and drops the value. A place
// may hold names of the sender's choosing, and a rule may end in a parser's
// message that quotes the value: only names of ours stay, and what follows the
// first ": " goes.
func faults(errs []error, known map[string]bool) []Fault {
	var list []Fault
	for _, err := range errs {
		detail, ok := errors.AsType[*huma.ErrorDetail](err)
		if !ok || len(list) == maxFaults {
			continue
		}
		rule, _, _ := strings.Cut(detail.Message, ": ")
		if len(rule) > maxMessage {
			rule = rule[:maxMessage] + "…"
		}
		list = append(list, Fault{Location: place(detail.Location, known), Message: rule})
	}
	return list
}

// place rewrites "body.items[3].PIN" to "body.items[3].?" where PIN is no name of ours.
func place(location string, known map[string]bool) string {
	parts := strings.Split(location, ".")
	if len(parts) > maxFaults {
		parts = parts[:maxFaults]
	}
	for i, part := range parts {
		name, index, _ := strings.Cut(part, "[")
		if !known[name] {
			parts[i] = "?"
		} else if strings.Trim(index, "0123456789]") != "" {
			parts[i] = name
		}
	}
	return strings.Join(parts, ".")
}

// names collects every name an operation's description knows.
func names(c *call, op *huma.Operation) map[string]bool {
	known := map[string]bool{"body": true, "query": true, "path": true, "header": true, "cookie": true}
	if op == nil {
		return known
	}
	for _, p := range op.Parameters {
		known[p.Name] = true
	}
	if c == nil || op.RequestBody == nil {
		return known
	}
	walkBody(c.api.Huma.OpenAPI().Components.Schemas, op, func(name string, _ *huma.Schema) { known[name] = true })
	return known
}

// trustDecoder takes from an operation's schemas the check that octets are base64,
// which decoding them makes anyway and better, and leaves it in the description: the
// check is a regular expression over every octet, for a certificate request as much
// work as all other reading of its order.
func trustDecoder(registry huma.Registry, op *huma.Operation) {
	walkBody(registry, op, func(_ string, s *huma.Schema) {
		if s.ContentEncoding == "" {
			return
		}
		if s.Extensions == nil {
			s.Extensions = map[string]any{}
		}
		s.Extensions["contentEncoding"], s.ContentEncoding = s.ContentEncoding, ""
	})
}

// walkBody hands every property of an operation's body to visit, once each schema.
func walkBody(registry huma.Registry, op *huma.Operation, visit func(name string, property *huma.Schema)) {
	if op.RequestBody == nil {
		return
	}
	w := walk{registry: registry, seen: map[*huma.Schema]bool{}, visit: visit}
	for _, media := range op.RequestBody.Content {
		w.add(media.Schema)
	}
}

type walk struct {
	registry huma.Registry
	seen     map[*huma.Schema]bool
	visit    func(name string, property *huma.Schema)
}

func (w walk) add(s *huma.Schema) {
	for s != nil && s.Ref != "" {
		s = w.registry.SchemaFromRef(s.Ref)
	}
	if s == nil || w.seen[s] {
		return
	}
	w.seen[s] = true
	for name, property := range s.Properties {
		w.visit(name, property)
		w.add(property)
	}
	w.add(s.Items)
	if more, ok := s.AdditionalProperties.(*huma.Schema); ok {
		w.add(more)
	}
	for _, group := range [][]*huma.Schema{s.OneOf, s.AnyOf, s.AllOf} {
		for _, one := range group {
			w.add(one)
		}
	}
}
