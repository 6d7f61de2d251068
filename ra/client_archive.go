package ra

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"onecert/serve"
)

// SearchArchive is Registration.SearchArchive.
func (c *Client) SearchArchive(ctx context.Context, q ArchiveQuery) (*Page[*Archived], error) {
	v := url.Values{}
	set(v, "name", q.Name)
	set(v, "holder", q.Holder)
	set(v, "serial", string(q.Serial))
	set(v, "after", q.After)
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	return get[*Page[*Archived]](ctx, c, pathArchive+"?"+v.Encode())
}

// ArchivedApplication is Registration.ArchivedApplication.
func (c *Client) ArchivedApplication(ctx context.Context, id string) (*ArchivedFile, error) {
	return get[*ArchivedFile](ctx, c, pathArchive+"/applications/"+url.PathEscape(id))
}

// ArchivedDocument is Registration.ArchivedDocument; of what is known of the document
// only its hash and size are filled in.
func (c *Client) ArchivedDocument(ctx context.Context, id, hash string) (*Document, []byte, error) {
	content, err := c.octets(ctx, pathArchive+"/applications/"+url.PathEscape(id)+"/documents/"+url.PathEscape(hash))
	return &Document{Hash: hash, Size: len(content)}, content, err
}

// Volumes is Registration.Volumes.
func (c *Client) Volumes(ctx context.Context, q ListQuery) (*Page[*Volume], error) {
	return listed[*Volume](ctx, c, pathVolumes, q)
}

// CloseVolume is Registration.CloseVolume.
func (c *Client) CloseVolume(ctx context.Context, closing Closing) (*Volume, error) {
	return serve.Call[Closing, *Volume](ctx, c.c, http.MethodPost, pathVolumes, &closing)
}

// VerifyArchive is Registration.VerifyArchive.
func (c *Client) VerifyArchive(ctx context.Context) ([]string, error) {
	return serve.Call[struct{}, []string](ctx, c.c, http.MethodPost, pathArchive+"/verify", nil)
}

func volume(number int64, act string) string {
	return pathVolumes + "/" + strconv.FormatInt(number, 10) + "/" + act
}

// VolumeFile is Registration.VolumeFile.
func (c *Client) VolumeFile(ctx context.Context, number int64) ([]byte, error) {
	return c.octets(ctx, volume(number, "file"))
}

// DestroyVolume is Registration.DestroyVolume.
func (c *Client) DestroyVolume(ctx context.Context, number int64, e Ending) (*Motion, error) {
	return serve.Call[Ending, *Motion](ctx, c.c, http.MethodPost, volume(number, "destroy"), &e)
}

// HolderFile is Registration.HolderFile.
func (c *Client) HolderFile(ctx context.Context, holder, reason string) (*PersonFile, error) {
	return serve.Call[Unmasking, *PersonFile](ctx, c.c, http.MethodPost, pathHolders+"/"+url.PathEscape(holder)+"/export", &Unmasking{reason})
}

// ProposePolicy is Registration.ProposePolicy.
func (c *Client) ProposePolicy(ctx context.Context, p Policy) (*Motion, error) {
	return serve.Call[Policy, *Motion](ctx, c.c, http.MethodPost, pathPolicies, &p)
}

// Policies is Registration.Policies.
func (c *Client) Policies(ctx context.Context, q ListQuery) (*Page[Policy], error) {
	return listed[Policy](ctx, c, pathPolicies, q)
}

// PolicyText is Registration.PolicyText.
func (c *Client) PolicyText(ctx context.Context, kind PolicyKind, edition string) (*Policy, error) {
	return get[*Policy](ctx, c, pathPolicies+"/"+url.PathEscape(string(kind))+"/"+url.PathEscape(edition))
}
