package pages

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"net/url"
	"strings"
	"testing"

	"onecert/pki"
)

const goodSVG = `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><defs><linearGradient id="a"><stop offset="0" stop-color="#fff"/></linearGradient></defs><g fill="url(#a)"><path d="M0 0L10 10"/><text x="1" y="2">示例</text></g></svg>`

func TestBrandingAccepted(t *testing.T) {
	for name, b := range map[string]Branding{
		"plain": {}, "whole": branded(t), "SVG": {Logo: []byte(goodSVG)}, "path": {Help: "/help?a=1", Redirect: "/why"}, "port": {Redirect: "https://help.example.gov.cn:8443/x"},
	} {
		if _, err := New(b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	zero, err := json.Marshal(Branding{})
	if err != nil || string(zero) != "{}" {
		t.Errorf("%s %v", zero, err)
	}
}

func TestBrandingRefused(t *testing.T) {
	inSVG := func(inside string) Branding {
		return Branding{Logo: []byte(`<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">` + inside + `</svg>`)}
	}
	var large bytes.Buffer
	if err := png.Encode(&large, image.NewGray(image.Rect(0, 0, maxSide+1, 1))); err != nil {
		t.Fatal(err)
	}
	cut := branded(t).Logo
	for name, b := range map[string]Branding{
		"title.zh control":      {Title: Words{ZH: "a\nb"}},
		"title.en long":         {Title: Words{EN: strings.Repeat("x", 201)}},
		"title.en direction":    {Title: Words{EN: "a\u202eb"}},
		"contact.phone control": {Contact: Contact{Phone: "1\x00"}},
		"contact.email none":    {Contact: Contact{Email: "nobody"}},
		"contact.email name":    {Contact: Contact{Email: "X <x@example.gov.cn>"}},
		"colour name":           {Colour: "red"},
		"colour short":          {Colour: "#fff"},
		"colour signs":          {Colour: "#+12345"},
		"colour light":          {Colour: "#ffd700"},
		"colour style":          {Colour: "#000;}"},
		"redirect http":         {Redirect: "http://help.example.gov.cn/"},
		"redirect other":        {Redirect: "//evil.example"},
		"redirect backslash":    {Redirect: `/\evil.example`},
		"redirect script":       {Redirect: "javascript:alert(1)"},
		"redirect user":         {Redirect: "https://a@evil.example/"},
		"redirect fragment":     {Redirect: "https://help.example.gov.cn/#x"},
		"redirect word":         {Redirect: "help"},
		"redirect line":         {Redirect: "/a\r\nSet-Cookie: x"},
		"redirect no host":      {Redirect: "https:///x"},
		"redirect opaque":       {Redirect: "https:help.example.gov.cn"},
		"help data":             {Help: "data:text/html,x"},
		"logo nothing":          {Logo: []byte("GIF89a")},
		"logo large":            {Logo: append(branded(t).Logo, make([]byte, maxLogo)...)},
		"logo wide":             {Logo: large.Bytes()},
		"logo cut":              {Logo: cut[:len(cut)-20]},
		"logo script":           inSVG(`<script>alert(1)</script>`),
		"logo event":            inSVG(`<path onclick="x" d=""/>`),
		"logo event on root":    {Logo: []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="x"/>`)},
		"logo link":             inSVG(`<a href="https://evil.example"><path/></a>`),
		"logo xlink":            inSVG(`<g xlink:href="#x"/>`),
		"logo use":              inSVG(`<use href="#x"/>`),
		"logo picture":          inSVG(`<image href="https://evil.example/x.png"/>`),
		"logo style":            inSVG(`<style>@import url(https://evil.example)</style>`),
		"logo style attribute":  inSVG(`<g style="fill:url(https://evil.example)"/>`),
		"logo paint server":     inSVG(`<g fill="url( https://evil.example/x#a)"/>`),
		"logo escape in CSS":    inSVG(`<g fill="u\72l(https://evil.example)"/>`),
		"logo animation":        inSVG(`<animate attributeName="x"/>`),
		"logo foreign":          inSVG(`<foreignObject><p xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>`),
		"logo doctype":          {Logo: []byte(`<!DOCTYPE svg [<!ENTITY x "y">]>` + goodSVG[21:])},
		"logo style sheet":      {Logo: []byte(`<?xml-stylesheet href="https://evil.example"?>` + goodSVG[21:])},
		"logo other namespace":  {Logo: []byte(`<svg><path/></svg>`)},
		"logo HTML":             {Logo: []byte(`<html xmlns="http://www.w3.org/1999/xhtml"/>`)},
		"logo not closed":       {Logo: []byte(`<svg xmlns="http://www.w3.org/2000/svg"><g>`)},
		"logo two":              {Logo: []byte(`<svg xmlns="http://www.w3.org/2000/svg"/><svg xmlns="http://www.w3.org/2000/svg"/>`)},
	} {
		field, _, _ := strings.Cut(name, " ")
		_, err := New(b)
		if pki.CodeOf(err) != "pages.branding" || !strings.HasPrefix(err.Error(), "branding."+field+" ") || !strings.Contains(err.Error(), "; ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzLogo: what is accepted as an SVG has nothing active in it that its text would show.
func FuzzLogo(f *testing.F) {
	f.Add([]byte(goodSVG))
	f.Add([]byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="x"/>`))
	f.Add([]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`))
	f.Fuzz(func(t *testing.T, logo []byte) {
		kind, err := logoKind(logo)
		if err != nil || kind != "image/svg+xml" {
			return
		}
		text := strings.ToLower(string(logo))
		for _, bad := range []string{"<script", "<!doctype", "<!entity", "<foreignobject", "<style", "<image", "<use", " onload=", " href=", "xlink:href="} {
			if i := strings.Index(text, bad); i >= 0 && !strings.Contains(text, "<!--") && !strings.Contains(text, "<![cdata[") && strings.Count(text[:i], `"`)%2 == 0 && strings.Count(text[:i], `'`)%2 == 0 {
				t.Errorf("%q has %s", logo, bad)
			}
		}
	})
}

// FuzzAddress: what is accepted leads to https, or stays on this host.
func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"/a", "//a", `/\a`, "https://a/b?c#d", "HTTPS://a", "https:a", "/\ta"} {
		f.Add(seed)
	}
	base, _ := url.Parse("https://app.example.gov.cn/x")
	f.Fuzz(func(t *testing.T, address string) {
		if !safeAddress(address) {
			return
		}
		to, err := base.Parse(address)
		if err != nil || to.Scheme != "https" || to.Host == "" || to.User != nil || strings.HasPrefix(address, "/") && to.Host != base.Host {
			t.Errorf("%q leads to %v, %v", address, to, err)
		}
	})
}
