// Package sheet reads and writes the spreadsheets that people fill in: a template to
// download, a filled-in file (XLSX or CSV) read row by row with everything that is
// wrong in it, and results as a file.
//
// It owns the two file forms, the matching of headings to columns, the cleaning of
// what people and their programs leave in cells, the limits on all of it, and the
// neutralising of formulas in what is written.
//
// It does not know what the columns mean beyond their Kind: whether an identity number
// is one, or a person may have a certificate, its caller judges and adds to the same
// Faults. It keeps nothing, and neither reads nor writes a file of the machine.
//
// XLSX is written with excelize and read with archive/zip and encoding/xml: excelize's
// rows end silently where the file is broken, and tell neither a number from a text nor
// a formula from a value, without which a lost digit of an identity number cannot be
// found. So nothing foreign reaches excelize.
package sheet
