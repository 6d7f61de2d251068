package ra

import (
	"context"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"

	"onecert/serve"
)

const (
	pathAnnouncements     = "/v1/announcements"
	pathSelfAnnouncements = "/v1/self/announcements"
)

// AnnouncementPath names one announcement.
type AnnouncementPath struct {
	ID string `path:"id" maxLength:"32"`
}

func (r *Registration) announcementRoutes(api huma.API) {
	huma.Register(api, describe("announcements", http.MethodGet, pathAnnouncements, "What was announced or is to be, the latest first, without texts"),
		func(ctx context.Context, in *AnnouncementQuery) (*body[*Page[Announcement]], error) {
			return reply(r.Announcements(ctx, *in))
		})
	huma.Register(api, describe("announcement", http.MethodGet, pathAnnouncements+"/{id}", "One announcement with its texts"),
		func(ctx context.Context, in *AnnouncementPath) (*body[*Announcement], error) {
			return reply(r.Announcement(ctx, in.ID))
		})
	huma.Register(api, describe("announce", http.MethodPost, pathAnnouncements, "Put an announcement forward; another person consents"),
		func(ctx context.Context, in *body[Announcement]) (*body[*Motion], error) {
			return reply(r.Announce(ctx, in.Body))
		})
	huma.Register(api, describe("announcement-withdraw", http.MethodPost, pathAnnouncements+"/{id}/withdraw", "Propose to take an announcement down; another person consents"),
		func(ctx context.Context, in *struct {
			AnnouncementPath
			Body Ending
		}) (*body[*Motion], error) {
			return reply(r.TakeDown(ctx, in.ID, in.Body))
		})
}

// announcedRoutes are for anybody.
func (f Self) announcedRoutes(api huma.API) {
	huma.Register(api, open("self-announcements", http.MethodGet, pathSelfAnnouncements, "What the service announces now, the latest first, without texts"),
		func(ctx context.Context, in *ListQuery) (*body[*Page[Announcement]], error) {
			return reply(f.Announced(ctx, *in))
		})
	huma.Register(api, open("self-announcement", http.MethodGet, pathSelfAnnouncements+"/{id}", "One announcement with its texts"),
		func(ctx context.Context, in *AnnouncementPath) (*body[*Announcement], error) {
			return reply(f.AnnouncementText(ctx, in.ID))
		})
}

// Announcements is Registration.Announcements.
func (c *Client) Announcements(ctx context.Context, q AnnouncementQuery) (*Page[Announcement], error) {
	return listed[Announcement](ctx, c, pathAnnouncements, q.ListQuery, "state", q.State)
}

// Announcement is Registration.Announcement.
func (c *Client) Announcement(ctx context.Context, id string) (*Announcement, error) {
	return get[*Announcement](ctx, c, pathAnnouncements+"/"+url.PathEscape(id))
}

// Announce is Registration.Announce.
func (c *Client) Announce(ctx context.Context, a Announcement) (*Motion, error) {
	return serve.Call[Announcement, *Motion](ctx, c.c, http.MethodPost, pathAnnouncements, &a)
}

// TakeDown is Registration.TakeDown.
func (c *Client) TakeDown(ctx context.Context, id string, why Ending) (*Motion, error) {
	return serve.Call[Ending, *Motion](ctx, c.c, http.MethodPost, pathAnnouncements+"/"+url.PathEscape(id)+"/withdraw", &why)
}

// Announced is Self.Announced.
func (c *SelfClient) Announced(ctx context.Context, q ListQuery) (*Page[Announcement], error) {
	return tell[*Page[Announcement]](ctx, c, pathSelfAnnouncements+q.encoded())
}

// AnnouncementText is Self.AnnouncementText.
func (c *SelfClient) AnnouncementText(ctx context.Context, id string) (*Announcement, error) {
	return tell[*Announcement](ctx, c, pathSelfAnnouncements+"/"+url.PathEscape(id))
}
