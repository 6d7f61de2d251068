package sheet

import (
	"encoding/xml"
	"regexp"
	"strconv"
	"strings"
)

// style is what a cell's number format does to what it says.
type style struct {
	date   bool
	digits int // at least so many, with zeros before ("00000")
}

// styles reads the number formats of a workbook's cell styles (ISO/IEC 29500-1 18.8).
func (b *workbook) styles(name string) (styles []style, err error) {
	codes := map[string]string{}
	within := "" // cellXfs and cellStyleXfs hold the same element
	err = b.each(name, func(element xml.StartElement) {
		switch local := element.Name.Local; local {
		case "numFmt":
			codes[attribute(element, "numFmtId")] = attribute(element, "formatCode")
		case "cellStyleXfs", "cellXfs", "cellStyles", "dxfs":
			within = local
		case "xf":
			if within == "cellXfs" {
				id := attribute(element, "numFmtId")
				styles = append(styles, newStyle(id, codes[id]))
			}
		}
	})
	return styles, err
}

// quiet is what a format code shows as it stands: quoted, escaped, colours, locales.
var quiet = regexp.MustCompile(`"[^"]*"|\\.|\[[^\]]*\]|_.`)

func newStyle(id, code string) style {
	if code == "" {
		number, err := strconv.Atoi(id)
		return style{date: err == nil && builtInDate(number)}
	}
	plain := strings.ToLower(quiet.ReplaceAllString(code, ""))
	if plain != "" && strings.Trim(plain, "0") == "" && len(plain) <= 15 {
		return style{digits: len(plain)}
	}
	return style{date: plain != "general" && strings.ContainsAny(plain, "ydg年") || strings.Contains(plain, "月")}
}

// builtInDate are the formats of 18.8.30 that show a date, those of Chinese, Japanese
// and Korean programs among them.
func builtInDate(id int) bool {
	return id >= 14 && id <= 17 || id == 22 || id >= 27 && id <= 31 || id == 36 || id >= 50 && id <= 58
}
