// Package pki is the vocabulary every room of OneCert speaks: algorithm suites,
// serials, names, reasons, states, requests, the bytes of certificates and CRLs,
// and the kinds of error that cross a border.
//
// It owns types with their methods and pure encodings. It does no I/O, knows no
// database, no network and no product; it decides nothing about who may have a
// certificate (that is ca and ra) nor whether one is good (that is status).
package pki
