package wire

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"onecert/audit"
	"onecert/officer"
)

// AuditProof lets whoever reads entries see by himself that they stand in the log, and
// that the log continues the one he saw before (RFC 6962 2.1).
type AuditProof struct {
	Head   string            `json:"head" doc:"the present head, signed: a C2SP tlog-checkpoint"`
	Keys   []string          `json:"keys" doc:"public, as 'onecert audit verify' takes them"`
	Proofs []audit.Inclusion `json:"proofs" doc:"of each number that was asked for, in that order"`
	Since  [][]byte          `json:"since" doc:"hashes of the proof that the tree of the head begins with the one of the older size"`
}

type auditProofQuery struct {
	Numbers []int64 `query:"numbers" minItems:"1" maxItems:"200" doc:"of the entries"`
	Since   int64   `query:"since" minimum:"0" doc:"size of the log at an earlier head; 0: none is asked about"`
}

// auditProofRoute proves what the audit route shows, to the same people.
func auditProofRoute(api huma.API, d desk) {
	huma.Register(api, operation("audit-proof", http.MethodGet, pathAudit+"/proof", "That entries stand in the log, under its signed head"),
		func(ctx context.Context, in *auditProofQuery) (*body[AuditProof], error) {
			if err := d.whole(ctx, officer.ReadAudit); err != nil {
				return nil, err
			}
			p, err := prove(ctx, d.log, in.Numbers, in.Since)
			return &body[AuditProof]{p}, err
		})
}

func prove(ctx context.Context, log *audit.Log, numbers []int64, since int64) (AuditProof, error) {
	signed, proofs, err := log.Proofs(ctx, numbers...)
	if err != nil {
		return AuditProof{}, err
	}
	p := AuditProof{Head: string(signed), Keys: log.Verifiers(), Proofs: proofs, Since: [][]byte{}}
	if since == 0 {
		return p, nil
	}
	hashes, err := log.ConsistencyTo(ctx, since, proofs[0].Size)
	if len(hashes) > 0 {
		p.Since = hashes
	}
	return p, err
}
