package papers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"onecert/pki"
)

// papersOf are documents made by Pillow and qpdf, by file name.
func papersOf(t testing.TB) map[string][]byte {
	t.Helper()
	folder := t.TempDir()
	if out, err := exec.Command("/usr/bin/python3", "testdata/make.py", folder).CombinedOutput(); err != nil {
		t.Fatalf("making samples: %v (scripts/deps.sh installs what it needs)\n%s", err, out)
	}
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, file := range files {
		if all[file.Name()], err = os.ReadFile(filepath.Join(folder, file.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// refusedWith fails unless err is a refusal with the code and both sentences.
func refusedWith(t testing.TB, what, code string, err error) {
	t.Helper()
	if pki.CodeOf(err) != code || pki.KindOf(err) != pki.Invalid {
		t.Errorf("%s: %v (%s), want %s", what, err, pki.CodeOf(err), code)
		return
	}
	if !strings.Contains(err.Error(), "; ") {
		t.Errorf("%s: %q says not what to do", what, err)
	}
}

// written is a PDF of the given objects, the first of which is the catalogue; the table of
// cross references is right.
func written(objects ...string) []byte {
	out := "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
	table := fmt.Sprintf("xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for i, object := range objects {
		table += fmt.Sprintf("%010d 00000 n \n", len(out))
		out += fmt.Sprintf("%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	return fmt.Appendf(nil, "%s%strailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", out, table, len(objects)+1, len(out))
}

// onePage is a PDF with one blank page, more in its catalogue, and more objects from 4 on.
func onePage(catalogue string, more ...string) []byte {
	return written(append([]string{"<</Type/Catalog/Pages 2 0 R" + catalogue + ">>",
		"<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"}, more...)...)
}
