package papers

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"

	"github.com/emmansun/gmsm/sm3"

	"onecert/pki"
)

// The media types that are accepted.
const (
	PDF  = "application/pdf"
	JPEG = "image/jpeg"
	PNG  = "image/png"
)

// Paper is a document that was found good. Width and Height, in pixels, are those of a
// picture, Pages is the number of a PDF's pages (1 for a picture).
type Paper struct {
	MediaType string `json:"media_type"`
	Size      int    `json:"size"` // octets
	Width     int    `json:"width,omitempty"`
	Height    int    `json:"height,omitempty"`
	Pages     int    `json:"pages"`
	Metadata  bool   `json:"metadata"` // a picture says more than it shows: EXIF, XMP, texts
	SHA256    string `json:"sha256"`   // hexadecimal
	SM3       string `json:"sm3"`      // hexadecimal, GB/T 32905
}

// Limits bounds what is accepted; a zero field takes its default.
type Limits struct {
	Size     int   // octets; 10 MiB
	Pixels   int   // of one picture; 40,000,000 (A4 at 600 dpi has 35,000,000)
	Memory   int64 // octets a picture takes when it is decoded; 256 MiB
	Pages    int   // of a PDF; 200
	Unpacked int64 // octets of all streams of a PDF, unpacked; 256 MiB
}

func (l Limits) filled() Limits {
	return Limits{
		Size:     cmp.Or(l.Size, 10<<20),
		Pixels:   cmp.Or(l.Pixels, 40_000_000),
		Memory:   cmp.Or(l.Memory, 256<<20),
		Pages:    cmp.Or(l.Pages, 200),
		Unpacked: cmp.Or(l.Unpacked, 256<<20),
	}
}

// Check judges a document. Errors (all pki.Error): papers.size, papers.type,
// papers.damaged, papers.trailing, papers.pixels, papers.disguised, papers.encrypted,
// papers.active, papers.pages, papers.unpacked.
func Check(content []byte, limits Limits) (Paper, error) {
	limits = limits.filled()
	if len(content) > limits.Size {
		return Paper{}, pki.Errorf(pki.Invalid, "papers.size", "the document is larger than %d KiB", limits.Size>>10).
			To("scan it at a lower resolution, or hand in its pages one by one")
	}
	paper, err := judge(content, limits)
	if err != nil {
		return Paper{}, err
	}
	paper.Size = len(content)
	wide, narrow := sha256.Sum256(content), sm3.Sum(content)
	paper.SHA256, paper.SM3 = hex.EncodeToString(wide[:]), hex.EncodeToString(narrow[:])
	return paper, nil
}

func judge(content []byte, limits Limits) (Paper, error) {
	switch {
	case bytes.HasPrefix(content, []byte("\xff\xd8\xff")):
		return checkJPEG(content, limits)
	case bytes.HasPrefix(content, []byte(pngSignature)):
		return checkPNG(content, limits)
	case bytes.HasPrefix(content, []byte("%PDF-")):
		return checkPDF(content, limits)
	}
	return Paper{}, pki.Errorf(pki.Invalid, "papers.type", "this is neither a PDF document nor a JPEG or PNG picture, whatever its name says").
		To("scan or photograph the document and save it as PDF, JPEG or PNG")
}

func damaged(what string) *pki.Error {
	return pki.Errorf(pki.Invalid, "papers.damaged", "the document is cut or damaged: %s", what).To("scan it, or save it, again")
}

func trailing() error {
	return pki.Errorf(pki.Invalid, "papers.trailing", "something else follows the end of the document").
		To("open it and save it as a new file; of a telephone's picture, switch moving and HDR parts off")
}

// padding is what harmless programs leave behind a document.
const padding = 4096

// rest judges what follows a document's end.
func rest(content []byte) error {
	if len(content) > padding || len(bytes.Trim(content, "\x00\r\n ")) > 0 {
		return trailing()
	}
	return nil
}

// disguised finds, in the parts of a picture that show nothing, what another program
// would take for its own: a web page, a script, a PDF, an archive.
func disguised(part []byte) error {
	small := bytes.ToLower(part)
	for _, mark := range []string{"<html", "<script", "<svg", "<iframe", "<?php", "%pdf-", "pk\x03\x04", "pk\x05\x06", "rar!\x1a"} {
		if bytes.Contains(small, []byte(mark)) {
			return pki.Errorf(pki.Invalid, "papers.disguised", "the picture hides another kind of file").
				To("open it and save it as a new file, without metadata")
		}
	}
	return nil
}
