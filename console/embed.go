package console

import (
	"embed"
	"io/fs"
)

//go:embed all:web/dist
var dist embed.FS

// built returns the pages that npm built; without them it holds a placeholder alone,
// and the console says so.
func built() fs.FS {
	pages, err := fs.Sub(dist, "web/dist")
	if err != nil { // the path is a constant
		panic(err)
	}
	return pages
}
