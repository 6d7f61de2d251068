package papers

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"

	"onecert/pki"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// fits refuses a picture that is larger than it looks before anything is decoded.
// each is the memory a pixel takes in decoding, in octets.
func fits(config image.Config, each float64, limits Limits) error {
	pixels := float64(config.Width) * float64(config.Height)
	if pixels < 1 {
		return damaged("it has no pixels")
	}
	if pixels > float64(limits.Pixels) || pixels*each > float64(limits.Memory) {
		return pki.Errorf(pki.Invalid, "papers.pixels", "the picture has %d by %d pixels, too many", config.Width, config.Height).
			To("scan it at a lower resolution; 300 dpi are enough")
	}
	return nil
}

// checkPNG walks the chunks (ISO/IEC 15948) and decodes the pixels.
func checkPNG(content []byte, limits Limits) (Paper, error) {
	metadata, end, err := walkPNG(content)
	if err != nil {
		return Paper{}, err
	}
	if err := rest(content[end:]); err != nil {
		return Paper{}, err
	}
	config, err := png.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return Paper{}, damaged("it is no PNG picture").Because(err)
	}
	each := 4.0
	if config.ColorModel == color.NRGBA64Model || config.ColorModel == color.RGBA64Model {
		each = 8
	}
	if err := fits(config, each, limits); err != nil {
		return Paper{}, err
	}
	if _, err := png.Decode(bytes.NewReader(content[:end])); err != nil {
		return Paper{}, damaged("its pixels cannot be read").Because(err)
	}
	return Paper{MediaType: PNG, Width: config.Width, Height: config.Height, Pages: 1, Metadata: metadata}, nil
}

// walkPNG finds the end of the picture and what else is in it.
func walkPNG(content []byte) (metadata bool, end int, err error) {
	for at := len(pngSignature); len(content)-at >= 12; {
		length := int(binary.BigEndian.Uint32(content[at:]))
		kind := string(content[at+4 : at+8])
		if length > len(content)-at-12 {
			break
		}
		body := content[at+8 : at+8+length]
		at += 12 + length
		switch kind {
		case "IEND":
			return metadata, at, nil
		case "IDAT", "IHDR", "PLTE":
			continue
		case "acTL":
			return false, 0, damaged("it is animated")
		case "tEXt", "zTXt", "iTXt", "eXIf":
			metadata = true
		}
		if err := disguised(body); err != nil {
			return false, 0, err
		}
	}
	return false, 0, damaged("it has no end")
}

// checkJPEG walks the segments (ITU-T T.81 annex B) and decodes the pixels.
func checkJPEG(content []byte, limits Limits) (Paper, error) {
	walked, err := walkJPEG(content)
	if err != nil {
		return Paper{}, err
	}
	if err := rest(content[walked.end:]); err != nil {
		return Paper{}, err
	}
	config, err := jpeg.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return Paper{}, damaged("it is no JPEG picture of the usual kind").Because(err)
	}
	if err := fits(config, walked.memory(), limits); err != nil {
		return Paper{}, err
	}
	if _, err := jpeg.Decode(bytes.NewReader(content[:walked.end])); err != nil {
		return Paper{}, damaged("its pixels cannot be read").Because(err)
	}
	return Paper{MediaType: JPEG, Width: config.Width, Height: config.Height, Pages: 1, Metadata: walked.metadata}, nil
}

// jpegParts is what a walk through a JPEG's segments finds.
type jpegParts struct {
	end         int
	metadata    bool
	progressive bool
	samples     float64 // a pixel, with subsampling
	frames      int
	scans       int
}

// memory is what decoding takes a pixel: its samples, and in progressive pictures all
// coefficients of four octets.
func (j jpegParts) memory() float64 {
	if j.progressive {
		return j.samples * 5
	}
	return j.samples
}

// mostScans bounds the work: a progressive picture goes over all its pixels in each
// scan, and a scan may take few octets. Encoders use about ten.
const mostScans = 32

// Markers of T.81 table B.1.
const (
	markerSOI, markerEOI, markerSOS = 0xd8, 0xd9, 0xda
	markerSOF0, markerSOF2          = 0xc0, 0xc2
	markerCOM, markerAPP0           = 0xfe, 0xe0
)

func walkJPEG(content []byte) (j jpegParts, err error) {
	at := 2
	for {
		marker, next := nextMarker(content, at)
		if at = next; marker < 0 {
			return j, damaged("it has no end")
		}
		if marker == markerEOI {
			j.end = at
			return j, nil
		}
		if marker == markerSOI || marker >= 0xd0 && marker <= 0xd7 || marker == 1 {
			return j, damaged("its segments are out of order")
		}
		if len(content)-at < 2 {
			return j, damaged("it has no end")
		}
		length := int(binary.BigEndian.Uint16(content[at:]))
		if length < 2 || length > len(content)-at {
			return j, damaged("it has no end")
		}
		if err := j.segment(marker, content[at+2:at+length]); err != nil {
			return j, err
		}
		if at += length; marker == markerSOS {
			at = skipScan(content, at)
		}
	}
}

// nextMarker reads a marker, which fill octets may precede (T.81 B.1.1.2).
func nextMarker(content []byte, at int) (marker, next int) {
	if at >= len(content) || content[at] != 0xff {
		return -1, at
	}
	for at < len(content) && content[at] == 0xff {
		at++
	}
	if at >= len(content) {
		return -1, at
	}
	return int(content[at]), at + 1
}

// skipScan passes over entropy-coded data: it ends at a marker that is neither a
// stuffed zero nor a restart.
func skipScan(content []byte, at int) int {
	for ; at < len(content)-1; at++ {
		if next := content[at+1]; content[at] == 0xff && next != 0 && next != 0xff && (next < 0xd0 || next > 0xd7) {
			return at
		}
	}
	return len(content)
}

func (j *jpegParts) segment(marker int, body []byte) error {
	switch {
	case marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
		if j.frames++; j.frames > 1 || marker > markerSOF2 || len(body) < 6 {
			return damaged("it is no JPEG picture of the usual kind")
		}
		j.progressive = marker == markerSOF2
		j.samples = samples(body[6:])
	case marker == markerSOS:
		if j.scans++; j.scans > mostScans {
			return damaged("it is no JPEG picture of the usual kind")
		}
	case marker >= markerAPP0 && marker <= markerAPP0+15 || marker == markerCOM:
		j.metadata = j.metadata || marker == markerCOM || marker == markerAPP0+1 || marker == markerAPP0+13
		return disguised(body)
	}
	return nil
}

// samples is how many samples a pixel has, from the components of a frame header
// (T.81 B.2.2).
func samples(components []byte) float64 {
	sum, most := 0, 1
	for ; len(components) >= 3; components = components[3:] {
		area := int(components[1]>>4) * int(components[1]&15)
		sum, most = sum+area, max(most, area)
	}
	return max(1, float64(sum)/float64(most))
}
