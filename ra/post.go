package ra

import (
	"time"

	"onecert/pki"
)

// Post is where an officer sits and the papers by which (features H17): a role is
// active only while its papers are.
type Post struct {
	Officer         string    `json:"officer" minLength:"1" maxLength:"64" doc:"the name the officer is registered under: ra1.reviewer"`
	Node            string    `json:"node" maxLength:"24"`
	Title           string    `json:"title,omitempty" maxLength:"60" doc:"岗位"`
	Trained         string    `json:"trained,omitempty" pattern:"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$" doc:"date of the training"`
	Confidentiality string    `json:"confidentiality,omitempty" maxLength:"64" doc:"SHA-256 of the signed confidentiality agreement"`
	Until           time.Time `json:"until" doc:"when the papers end; the roles end with them"`
	Version         int       `json:"version"`
	Path            string    `json:"path" readOnly:"true"`
	Changed         time.Time `json:"changed" readOnly:"true"`
	ChangedBy       string    `json:"changed_by" readOnly:"true"`
}

func (p *Post) check() error {
	if p.Officer == "" || len(p.Officer) > 64 {
		return pki.Errorf(pki.Invalid, "post.officer", "the post names no officer")
	}
	if p.Until.IsZero() {
		return pki.Errorf(pki.Invalid, "post.until", "the post has no end").To("give the day the officer's papers end")
	}
	return checkText("title", p.Title)
}
