package ra

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

const (
	pathArchive      = "/v1/archive"
	pathVolumes      = pathArchive + "/volumes"
	pathPolicies     = "/v1/policies"
	pathSelfPolicies = "/v1/self/policies"
)

// VolumePath names one volume.
type VolumePath struct {
	Number int64 `path:"number" minimum:"1"`
}

// PolicyPath names one edition of the rules.
type PolicyPath struct {
	Kind    PolicyKind `path:"kind" maxLength:"30"`
	Edition string     `path:"edition" maxLength:"20"`
}

func (r *Registration) archiveRoutes(api huma.API) {
	huma.Register(api, describe("archive", http.MethodGet, pathArchive, "Search what was archived of one's subtree"),
		func(ctx context.Context, in *ArchiveQuery) (*body[*Page[*Archived]], error) {
			return reply(r.SearchArchive(ctx, *in))
		})
	huma.Register(api, describe("archive-application", http.MethodGet, pathArchive+"/applications/{id}", "One archived application, as it stood"),
		func(ctx context.Context, in *ApplicationPath) (*body[*ArchivedFile], error) {
			return reply(r.ArchivedApplication(ctx, in.ID))
		})
	huma.Register(api, withBody(describe("archive-document", http.MethodGet, pathArchive+"/applications/{id}/documents/{hash}", "A scan of an archived application, as it was attached"), "application/octet-stream"),
		func(ctx context.Context, in *AttachedPath) (*scan, error) {
			d, content, err := r.ArchivedDocument(ctx, in.ID, in.Hash)
			if err != nil {
				return nil, err
			}
			return scanOf(d.MediaType, content), nil
		})
	huma.Register(api, describe("volumes", http.MethodGet, pathVolumes, "The volumes of the archive"),
		func(ctx context.Context, in *ListQuery) (*body[*Page[*Volume]], error) {
			return reply(r.Volumes(ctx, *in))
		})
	huma.Register(api, describe("volume-close", http.MethodPost, pathVolumes, "Archive what ended before a day"),
		func(ctx context.Context, in *body[Closing]) (*body[*Volume], error) {
			return reply(r.CloseVolume(ctx, in.Body))
		})
	huma.Register(api, describe("archive-verify", http.MethodPost, pathArchive+"/verify", "Read the whole archive and say what is not as it was archived"),
		func(ctx context.Context, _ *struct{}) (*body[[]string], error) { return reply(r.VerifyArchive(ctx)) })
	huma.Register(api, withBody(describe("volume-file", http.MethodGet, pathVolumes+"/{number}/file", "A volume as a file to keep elsewhere"), "application/octet-stream"),
		func(ctx context.Context, in *VolumePath) (*scan, error) {
			content, err := r.VolumeFile(ctx, in.Number)
			if err != nil {
				return nil, err
			}
			file := scanOf("application/octet-stream", content)
			file.Disposition = fmt.Sprintf(`attachment; filename="volume-%d.jsonl"`, in.Number)
			return file, nil
		})
	huma.Register(api, describe("volume-destroy", http.MethodPost, pathVolumes+"/{number}/destroy", "Propose to destroy a volume after its time"),
		func(ctx context.Context, in *struct {
			VolumePath
			Body Ending
		}) (*body[*Motion], error) {
			return reply(r.DestroyVolume(ctx, in.Number, in.Body))
		})
	huma.Register(api, describe("holder-export", http.MethodPost, pathHolders+"/{id}/export", "Everything held about a holder, for that holder"),
		func(ctx context.Context, in *struct {
			HolderPath
			Body Unmasking
		}) (*body[*PersonFile], error) {
			return reply(r.HolderFile(ctx, in.ID, in.Body.Reason))
		})
	r.policyRoutes(api, pathPolicies, "policies")
	propose := describe("policy-propose", http.MethodPost, pathPolicies, "Put a new edition of the rules forward")
	propose.MaxBodyBytes = mostPolicy/3*4 + 1<<14
	huma.Register(api, propose, func(ctx context.Context, in *body[Policy]) (*body[*Motion], error) {
		return reply(r.ProposePolicy(ctx, in.Body))
	})
}

// policyRoutes are the published rules, for anybody; a proposed text is for those who
// decide.
func (r *Registration) policyRoutes(api huma.API, path, id string) {
	huma.Register(api, open(id, http.MethodGet, path, "The published rules of the service"),
		func(ctx context.Context, in *ListQuery) (*body[*Page[Policy]], error) {
			return reply(r.Policies(ctx, *in))
		})
	huma.Register(api, open(id+"-text", http.MethodGet, path+"/{kind}/{edition}", "An edition of the rules with its text"),
		func(ctx context.Context, in *PolicyPath) (*body[*Policy], error) {
			return reply(r.PolicyText(ctx, in.Kind, in.Edition))
		})
}
