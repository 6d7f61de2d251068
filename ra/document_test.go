package ra_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"os"
	"strings"
	"testing"

	"onecert/pki"
	"onecert/pkitest"
	"onecert/ra"
)

// picture is a scan: large enough to be kept in several pieces if it is noisy.
func picture(t testing.TB, seed, side int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, side, side))
	noise := uint32(seed)
	for y := range side {
		for x := range side {
			noise = noise*1664525 + 1013904223
			m.Set(x, y, color.RGBA{byte(noise >> 24), byte(noise >> 16), byte(noise >> 8), 255})
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestMaterials: what is missing is named, what is attached comes back octet by octet,
// and what is no picture is refused whatever its name says.
func TestMaterials(t *testing.T) {
	for _, remote := range []bool{false, true} {
		pkitest.EachDatabase(t, func(t *testing.T, source string) {
			h := newHouse(t, source, func(c *ra.Config) { c.Paperless = false })
			if remote {
				h.office = overNetwork(t, h.room)
			}
			app := must[*ra.Application](t)
			counter := as("lra1.registrar")
			a := app(h.Register(counter, person(t, 1, "张示例")))
			_, err := h.Submit(counter, a.ID, ra.Decision{Version: a.Version})
			wantCode(t, err, "document.missing")
			_, err = h.Attach(counter, a.ID, a.Version, "form", "form.png", []byte("<svg onload=alert(1)>"))
			wantCode(t, err, "papers.type")
			scan := picture(t, 1, 800)
			_, err = h.Attach(counter, a.ID, a.Version, "licence", "form.png", scan)
			wantCode(t, err, "document.sort")
			a = app(h.Attach(counter, a.ID, a.Version, "form", "申请表.png", scan))
			_, err = h.Attach(counter, a.ID, a.Version, "identity", "again.png", scan)
			wantCode(t, err, "document.twice")
			a = app(h.Attach(counter, a.ID, a.Version, "identity", "card.png", picture(t, 2, 30)))
			a = app(h.Attach(counter, a.ID, a.Version, "other", "x.png", picture(t, 3, 30)))
			shown := app(h.Application(counter, a.ID))
			if len(shown.Documents) != 3 {
				t.Fatalf("%d documents", len(shown.Documents))
			}
			for _, d := range shown.Documents {
				if d.Sort == "other" {
					a = app(h.Detach(counter, a.ID, a.Version, d.Hash))
				}
				if d.Sort != "form" {
					continue
				}
				_, content, err := h.OpenDocument(as("ra1.reviewer"), a.ID, d.Hash)
				if err != nil || !bytes.Equal(content, scan) {
					t.Errorf("%v, %d octets of %d", err, len(content), len(scan))
				}
				for _, masked := range []string{"lra1.issuer", "ra1.audit"} { // who sees numbers masked sees no papers
					_, _, err = h.OpenDocument(as(masked), a.ID, d.Hash)
					wantCode(t, err, "officer.forbidden")
				}
				_, _, err = h.OpenDocument(as("ra2.reviewer"), a.ID, d.Hash)
				wantCode(t, err, "application.unknown")
			}
			a = app(h.Submit(counter, a.ID, ra.Decision{Version: a.Version}))
			_, err = h.Attach(counter, a.ID, a.Version, "other", "late.png", picture(t, 4, 30))
			wantCode(t, err, "application.state")
		})
	}
}

// TestForm: the page to sign shows what was entered, in both languages, and nothing of
// it is a tag.
func TestForm(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		e := person(t, 7, "钱示例")
		e.Fields["department"] = `<script>alert(1)</script>`
		a := must[*ra.Application](t)(h.Register(as("lra1.registrar"), e))
		for language, title := range map[string]string{"zh": "数字证书业务申请表", "en": "Application for a digital certificate"} {
			page := string(must[[]byte](t)(h.Form(as("lra1.registrar"), a.ID, language)))
			for _, want := range []string{title, a.ID, e.Fields["identity"], "钱示例", "&lt;script&gt;"} {
				if !strings.Contains(page, want) {
					t.Errorf("the %s form lacks %q", language, want)
				}
			}
			if strings.Contains(page, "<script") {
				t.Errorf("the %s form has a script", language)
			}
		}
		_, err := h.Form(as("lra2.registrar"), a.ID, "zh")
		wantCode(t, err, "application.unknown")
	})
}

// TestNothingInClear: no identity number, telephone or scan stands in the database.
func TestNothingInClear(t *testing.T) {
	source := pkitest.SQLite(t)
	h := newHouse(t, source, nil)
	e := person(t, 8, "周示例")
	e.Fields["phone"] = "13912345678"
	a := must[*ra.Application](t)(h.Register(as("lra1.registrar"), e))
	scan := picture(t, 9, 100)
	a = must[*ra.Application](t)(h.Attach(as("lra1.registrar"), a.ID, a.Version, "form", "", scan))
	_ = must[map[string]string](t)(h.Unmasked(as("lra1.registrar"), a.ID, "核对证件"))
	if _, err := h.cfg.DB.Read().ExecContext(context.Background(), "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(strings.TrimPrefix(source, "sqlite:") + suffix)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range [][]byte{[]byte(e.Fields["identity"]), []byte("13912345678"), scan[40:80]} {
			if bytes.Contains(content, secret) {
				t.Errorf("%q stands in clear in %s%s", secret, "the database", suffix)
			}
		}
	}
}

// TestNumbersAreRefusedInClear: not in a reason, nor in the name of a scan, which stay
// in clear; and a reason of a revocation stays one when it is edited.
func TestNumbersAreRefusedInClear(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		app, counter := must[*ra.Application](t), as("lra1.registrar")
		e := person(t, 66, "甲示例")
		e.Reason = "第二张，证件 " + resident(67)
		_, err := h.Register(counter, e)
		wantCode(t, err, "identity.clear")
		e.Reason = "第二张"
		a := app(h.Register(counter, e))
		_, err = h.Edit(counter, a.ID, ra.EditOf{Version: a.Version, Entry: ra.Entry{Operation: ra.Issue, Reason: resident(67)}})
		wantCode(t, err, "identity.clear")
		_, err = h.Attach(counter, a.ID, a.Version, "identity", resident(66)+".png", picture(t, 4, 30))
		wantCode(t, err, "identity.clear")

		c := h.issued("lra1", person(t, 68, "乙示例"))
		v := app(h.Register(counter, ra.Entry{Operation: ra.Revoke, Issuer: c.Issuer, Serial: c.Serial, Reason: "keyCompromise"}))
		_, err = h.Edit(counter, v.ID, ra.EditOf{Version: v.Version, Entry: ra.Entry{Operation: ra.Revoke, Reason: "丢了"}})
		if pki.KindOf(err) != pki.Invalid {
			t.Errorf("a reason that is none: %v", err)
		}
	})
}
