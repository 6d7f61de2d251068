package ca

import "regexp"

var holderForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.:-]{0,63}$`)

// Shapes of numbers that must never stand in a certificate: a resident identity
// number (18 digits, the last may be X) and an old one of 15.
var identityShapes = regexp.MustCompile(`(^|[^0-9])(\d{17}[0-9Xx]|\d{15})($|[^0-9Xx])`)

func looksLikeIdentity(text string) bool { return identityShapes.MatchString(text) }
