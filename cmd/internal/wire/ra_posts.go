package wire

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"onecert/officer"
	"onecert/pki"
	"onecert/ra"
	"onecert/serve"
)

const pathSeats = "/v1/posts/codes"

// SeatOrder gives an officer a post and the code to come with, in one call.
type SeatOrder struct {
	Officer string    `json:"officer" minLength:"1" maxLength:"64" doc:"the name the officer will have: lra1.registrar"`
	Role    string    `json:"role" maxLength:"20"`
	Node    string    `json:"node" maxLength:"24"`
	Title   string    `json:"title,omitempty" maxLength:"60"`
	Until   time.Time `json:"until" doc:"when the officer's papers end; the roles end with them"`
	Days    int       `json:"days,omitempty" minimum:"0" maximum:"7" doc:"how long the code is good; 1 if not said"`
}

// seats is what giving somebody a seat needs of a registration.
type seats interface {
	Posts(ctx context.Context, q ra.PostQuery) (*ra.Page[ra.Post], error)
	SetPost(ctx context.Context, p ra.Post) (*ra.Post, error)
}

// postRoute makes post and code together. The post comes first: a code without one
// would let somebody in who can do nothing, and nobody knows why.
func postRoute(api huma.API, d desk, room seats) {
	huma.Register(api, operation("post-code", http.MethodPost, pathSeats, "Give an officer a post, and a one-time code to come with"),
		func(ctx context.Context, in *body[SeatOrder]) (*body[Code], error) {
			o := in.Body
			if _, err := d.see(ctx, officer.WritePosts); err != nil {
				return nil, err
			}
			if officer.KindOf(o.Role) != officer.Person {
				return nil, pki.Errorf(pki.Invalid, "post.role", "a post is for a person, not for a %.20q", o.Role).To("make a site's code alone: 'onecert officer code'")
			}
			if err := sit(ctx, room, o); err != nil {
				return nil, err
			}
			code, err := d.registry.NewCode(ctx, o.Role, o.Officer, CodeOrder{Days: o.Days}.life())
			return &body[Code]{Code{code}}, err
		})
}

// sit gives the post, or leaves the one there is as it is if it says the same place.
func sit(ctx context.Context, room seats, o SeatOrder) error {
	p := ra.Post{Officer: o.Officer, Node: o.Node, Title: o.Title, Until: o.Until}
	page, err := room.Posts(ctx, ra.PostQuery{Officer: o.Officer})
	if err != nil {
		return err
	}
	for _, have := range page.Items {
		p.Version, p.Trained, p.Confidentiality = have.Version, have.Trained, have.Confidentiality
	}
	_, err = room.SetPost(ctx, p)
	return err
}

// Seat gives an officer a post and returns the code to come with; it is shown this once.
func (r *Registry) Seat(ctx context.Context, o SeatOrder) (string, error) {
	code, err := serve.Call[SeatOrder, Code](ctx, r.c, http.MethodPost, pathSeats, &o)
	return code.Code, err
}
