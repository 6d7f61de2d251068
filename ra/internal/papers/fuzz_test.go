package papers

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"testing"

	"onecert/pki"
)

func deflate(t testing.TB, text string) string {
	t.Helper()
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// crc mends the checksum of a PNG chunk that begins with its type.
func crc(chunk []byte) {
	end := len(chunk) - 4
	binary.BigEndian.PutUint32(chunk[end:], crc32.ChecksumIEEE(chunk[:end]))
}

func judged(t *testing.T, content []byte) {
	paper, err := Check(content, Limits{Pixels: 1 << 20, Unpacked: 1 << 20, Memory: 8 << 20})
	if err != nil {
		if pki.KindOf(err) != pki.Invalid {
			t.Fatalf("not a refusal: %v", err)
		}
		return
	}
	if paper.Pages < 1 || paper.Size != len(content) || paper.MediaType != PDF && paper.Width*paper.Height > 1<<20 {
		t.Fatalf("%+v", paper)
	}
}

func FuzzPicture(f *testing.F) {
	all := papersOf(f)
	for _, file := range []string{"plain.jpg", "progressive.jpg", "exif.jpg", "bits.png", "text.png", "deep.png"} {
		f.Add(all[file])
	}
	f.Fuzz(judged)
}

func FuzzPDF(f *testing.F) {
	all := papersOf(f)
	for _, file := range []string{"plain.pdf", "packed.pdf", "linear.pdf", "attachment.pdf"} {
		f.Add(all[file])
	}
	f.Add(onePage("/OpenAction<</S/GoTo>>", "[(a(b)\\)<1f>/A#20 1.5 true null 3 0 R]"))
	f.Fuzz(judged)
}
