// Package papers judges scanned documents by their content: one PDF, JPEG or PNG,
// whole, without anything hidden behind or inside it that runs, and within limits that
// protect who opens it later.
//
// It owns the recognition of the three forms, the limits, the decoding of pictures, the
// walk through a PDF's objects, and the digests a document is bound by.
//
// It changes no octet. What follows the end of a document is refused and not cut off,
// because the digest must be that of what the person handed in; for the same reason
// metadata (EXIF with a place and a camera, XMP, texts in PNG) stays, is never
// interpreted, and is told (Paper.Metadata), so that a person may choose a clean copy.
// It renders no page, keeps nothing, and does not know whose document it is. Whoever
// hands one out does so under its MediaType, with nosniff and as an attachment: inside
// of compressed pixels anything can stand.
package papers
