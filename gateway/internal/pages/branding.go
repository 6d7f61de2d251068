package pages

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"math"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"onecert/pki"
)

// Limits of a Branding.
const (
	maxLogo  = 64 << 10
	maxSide  = 2000 // pixels of a PNG
	maxWords = 200
)

// minContrast is what WCAG 2.1 asks between text and what is behind it (1.4.3, AA).
const minContrast = 4.5

func (b *Branding) check() error {
	for field, text := range map[string]string{
		"title.zh": b.Title.ZH, "title.en": b.Title.EN, "contact.name.zh": b.Contact.Name.ZH, "contact.name.en": b.Contact.Name.EN,
		"contact.phone": b.Contact.Phone, "contact.hours.zh": b.Contact.Hours.ZH, "contact.hours.en": b.Contact.Hours.EN,
	} {
		if len([]rune(text)) > maxWords || strings.ContainsFunc(text, unprintable) {
			return wrongField(field, "is longer than %d characters or has control characters", maxWords).To("write it in a line")
		}
	}
	if b.Contact.Email != "" {
		if a, err := mail.ParseAddress(b.Contact.Email); err != nil || a.Address != b.Contact.Email {
			return wrongField("contact.email", "is not an address").To("write it like help@example.gov.cn")
		}
	}
	for field, address := range map[string]string{"help": b.Help, "redirect": b.Redirect} {
		if address != "" && !safeAddress(address) {
			return wrongField(field, "is neither an https URL nor a path").To("write it like https://help.example.gov.cn/certificates or /help")
		}
	}
	if b.Colour != "" {
		light, ok := luminance(b.Colour)
		if !ok {
			return wrongField("colour", "is not a colour").To("write it like #0958d9")
		}
		if contrast(light, 1) < minContrast {
			return wrongField("colour", "is too light for white text on it").To("choose a darker one, such as #0958d9")
		}
	}
	if len(b.Logo) > 0 {
		if kind, err := logoKind(b.Logo); err != nil || kind == "" {
			return wrongField("logo", "is not a PNG or a plain SVG of at most 64 KiB").
				To("hand in a PNG; an SVG may only have shapes, without script, style sheets, links or pictures").Because(err)
		}
	}
	return nil
}

func wrongField(field, format string, args ...any) *pki.Error {
	e := pki.Errorf(pki.Invalid, "pages.branding", format, args...)
	e.Wrong = "branding." + field + " " + e.Wrong
	return e
}

// unprintable: control characters and those that turn the direction of a text.
func unprintable(r rune) bool {
	return unicode.IsControl(r) || r == unicode.ReplacementChar || unicode.Is(unicode.Bidi_Control, r)
}

// safeAddress accepts an absolute https URL without user and fragment, and a path of the
// same host. Nothing a browser could read as another host or scheme.
func safeAddress(address string) bool {
	if len(address) > 2048 || strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`\"<>^{|}`+"`", r) }) {
		return false
	}
	u, err := url.Parse(address)
	if err != nil || u.Fragment != "" || strings.Contains(address, "#") || u.User != nil || u.Opaque != "" {
		return false
	}
	if u.Scheme == "" && u.Host == "" {
		return strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//")
	}
	return u.Scheme == "https" && u.Hostname() != "" && strings.HasPrefix(strings.ToLower(address), "https://")
}

// luminance is WCAG's relative luminance of "#rrggbb".
func luminance(colour string) (float64, bool) {
	if len(colour) != 7 || colour[0] != '#' {
		return 0, false
	}
	n, err := strconv.ParseUint(colour[1:], 16, 32)
	if err != nil {
		return 0, false
	}
	linear := func(v uint64) float64 {
		c := float64(v&255) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(n>>16) + 0.7152*linear(n>>8) + 0.0722*linear(n), true
}

// contrast is WCAG's contrast ratio of two luminances.
func contrast(a, b float64) float64 { return (max(a, b) + 0.05) / (min(a, b) + 0.05) }

// logoKind returns the media type of a logo; "" for what is none or has more in it.
func logoKind(logo []byte) (string, error) {
	switch {
	case len(logo) > maxLogo:
		return "", nil
	case bytes.HasPrefix(logo, []byte("\x89PNG\r\n\x1a\n")):
		head, err := png.DecodeConfig(bytes.NewReader(logo))
		if err != nil || head.Width > maxSide || head.Height > maxSide {
			return "", err
		}
		if _, err := png.Decode(bytes.NewReader(logo)); err != nil {
			return "", err
		}
		return "image/png", nil
	}
	if err := plainSVG(logo); err != nil {
		return "", err
	}
	return "image/svg+xml", nil
}

var (
	svgElements = []string{"svg", "g", "defs", "title", "desc", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan",
		"linearGradient", "radialGradient", "stop", "clipPath", "mask"}
	errSVG = errors.New("the picture has something else than shapes")
)

// plainSVG accepts shapes, texts and gradients. The page shows the logo as a picture, in
// which browsers run nothing; this is the second lock.
func plainSVG(logo []byte) error {
	d := xml.NewDecoder(bytes.NewReader(logo))
	depth, seen := 0, false
	for {
		token, err := d.Token()
		switch {
		case errors.Is(err, io.EOF) && seen && depth == 0:
			return nil
		case err != nil:
			return err
		}
		switch part := token.(type) {
		case xml.Directive:
			return errSVG
		case xml.ProcInst:
			if part.Target != "xml" {
				return errSVG
			}
		case xml.StartElement:
			if !plainElement(part) || depth == 0 && (seen || part.Name.Local != "svg") {
				return errSVG
			}
			depth, seen = depth+1, true
		case xml.EndElement:
			depth--
		}
	}
}

func plainElement(e xml.StartElement) bool {
	const space = "http://www.w3.org/2000/svg"
	if e.Name.Space != space || !slices.Contains(svgElements, e.Name.Local) {
		return false
	}
	for _, a := range e.Attr {
		name, value := strings.ToLower(a.Name.Local), strings.ToLower(strings.Join(strings.Fields(a.Value), ""))
		switch {
		case a.Name.Space == "xmlns" || a.Name.Space == "" && name == "xmlns":
			continue
		case a.Name.Space != "", strings.HasPrefix(name, "on"), name == "href", name == "src", name == "style",
			strings.ContainsAny(value, `\<&`), strings.Contains(strings.ReplaceAll(value, "url(#", ""), "url("), strings.Contains(value, "script:"), strings.Contains(value, "data:"):
			return false
		}
	}
	return true
}

// logoAddress is the logo as part of the page.
func (b *Branding) logoAddress() string {
	if len(b.Logo) == 0 {
		return ""
	}
	kind, _ := logoKind(b.Logo) // checked by New
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(b.Logo)
}
