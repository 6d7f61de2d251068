package main

import (
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"math/big"
	"net"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// readExtension decodes an extension into lines. What does not decode, and what we
// do not know, is shown as the text it holds or as hex.
func readExtension(oid asn1.ObjectIdentifier, critical bool, value []byte) extensionFact {
	fact := extensionFact{OID: oid.String(), Name: oidName(oid), Critical: critical}
	lines, ok := extensionLines(fact.OID, cryptobyte.String(value))
	if !ok {
		lines = rawLines(value)
	}
	fact.Values = lines
	return fact
}

const maxRaw = 1024

func rawLines(value []byte) []string {
	if text := pki.ExtensionText(value); text != "" {
		return []string{safe(text)}
	}
	if len(value) > maxRaw {
		return []string{hex.EncodeToString(value[:maxRaw]) + fmt.Sprintf("… (%d)", len(value))}
	}
	return []string{hex.EncodeToString(value)}
}

func extensionLines(oid string, s cryptobyte.String) ([]string, bool) {
	switch oid {
	case "2.5.29.14":
		var id cryptobyte.String
		ok := s.ReadASN1(&id, cbasn1.OCTET_STRING)
		return []string{colons(id)}, ok
	case "2.5.29.15":
		return usageLines(s)
	case "2.5.29.17", "2.5.29.18", "2.5.29.29":
		var list cryptobyte.String
		ok := s.ReadASN1(&list, cbasn1.SEQUENCE)
		return generalNames(list), ok
	case "2.5.29.19":
		return basicLines(s)
	case "2.5.29.20", "2.5.29.27", "2.5.29.54":
		number := new(big.Int)
		ok := s.ReadASN1Integer(number)
		return []string{number.String()}, ok
	case "2.5.29.28":
		return scopeLines(s)
	case "2.5.29.30":
		return constraintLines(s)
	case "2.5.29.31", "2.5.29.46":
		return pointLines(s)
	case "2.5.29.32":
		return policyLines(s)
	case "2.5.29.33":
		return mappingLines(s)
	case "2.5.29.35":
		return authorityKeyLines(s)
	case "2.5.29.36":
		return policyConstraintLines(s)
	case "2.5.29.37":
		return purposeLines(s)
	case "1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.1.11":
		return accessLines(s)
	case "1.3.6.1.5.5.7.48.1.5":
		return []string{}, string(s) == "\x05\x00"
	case "1.2.156.10260.4.1.1":
		return identifyLines(s)
	}
	return nil, false
}

func usageLines(s cryptobyte.String) ([]string, bool) {
	var bits asn1.BitString
	if !s.ReadASN1BitString(&bits) {
		return nil, false
	}
	lines := []string{}
	for i, name := range usageNames {
		if bits.At(i) != 0 {
			lines = append(lines, name)
		}
	}
	return []string{strings.Join(lines, ", ")}, true
}

func basicLines(s cryptobyte.String) ([]string, bool) {
	var body cryptobyte.String
	var isCA bool
	if !s.ReadASN1(&body, cbasn1.SEQUENCE) || body.PeekASN1Tag(cbasn1.BOOLEAN) && !body.ReadASN1Boolean(&isCA) {
		return nil, false
	}
	line := "CA:FALSE"
	if isCA {
		line = "CA:TRUE"
	}
	if !body.Empty() {
		length := new(big.Int)
		if !body.ReadASN1Integer(length) {
			return nil, false
		}
		line += ", pathlen:" + length.String()
	}
	return []string{line}, true
}

func purposeLines(s cryptobyte.String) ([]string, bool) {
	var list cryptobyte.String
	if !s.ReadASN1(&list, cbasn1.SEQUENCE) {
		return nil, false
	}
	var lines []string
	for !list.Empty() {
		var oid asn1.ObjectIdentifier
		if !list.ReadASN1ObjectIdentifier(&oid) {
			return nil, false
		}
		lines = append(lines, named(oid))
	}
	return []string{strings.Join(lines, ", ")}, true
}

func authorityKeyLines(s cryptobyte.String) ([]string, bool) {
	var body, id, names, serial cryptobyte.String
	var hasID, hasNames, hasSerial bool
	if !s.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadOptionalASN1(&id, &hasID, tagged(0)) ||
		!body.ReadOptionalASN1(&names, &hasNames, opened(1)) || !body.ReadOptionalASN1(&serial, &hasSerial, tagged(2)) {
		return nil, false
	}
	var lines []string
	if hasID {
		lines = append(lines, "keyid:"+colons(id))
	}
	lines = append(lines, generalNames(names)...)
	if hasSerial {
		lines = append(lines, "serial:"+colons(serial))
	}
	return lines, true
}

func accessLines(s cryptobyte.String) ([]string, bool) {
	var list cryptobyte.String
	if !s.ReadASN1(&list, cbasn1.SEQUENCE) {
		return nil, false
	}
	var lines []string
	for !list.Empty() {
		var body cryptobyte.String
		var method asn1.ObjectIdentifier
		if !list.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&method) {
			return nil, false
		}
		lines = append(lines, named(method)+" - "+strings.Join(generalNames(body), ", "))
	}
	return lines, true
}

// identifyLines reads IdentifyCode, explicit or implicit, or the bare string many write.
func identifyLines(s cryptobyte.String) ([]string, bool) {
	var body, text cryptobyte.String
	var tag, inner cbasn1.Tag
	if !s.ReadAnyASN1(&body, &tag) {
		return nil, false
	}
	if tag&0xc0 != 0x80 {
		return []string{safe(string(body))}, true
	}
	text = body
	if tag&0x20 != 0 && !body.ReadAnyASN1(&text, &inner) {
		return nil, false
	}
	label := map[cbasn1.Tag]string{0: "residenterCardNumber", 1: "militaryOfficerCardNumber", 2: "passportNumber"}[tag&0x1f]
	return []string{label + ":" + safe(string(text))}, true
}

// generalNames prints names as openssl does; a malformed rest is shown as hex.
func generalNames(list cryptobyte.String) []string {
	var lines []string
	for !list.Empty() {
		rest := list
		var value cryptobyte.String
		var tag cbasn1.Tag
		if !list.ReadAnyASN1(&value, &tag) {
			return append(lines, hex.EncodeToString(rest))
		}
		lines = append(lines, generalName(int(tag&0x1f), value))
	}
	return lines
}

func generalName(choice int, value []byte) string {
	switch choice {
	case 1:
		return "email:" + safe(string(value))
	case 2:
		return "DNS:" + safe(string(value))
	case 4:
		return "DirName:" + safe(nameText(value))
	case 6:
		return "URI:" + safe(string(value))
	case 7:
		if len(value) == 4 || len(value) == 16 {
			return "IP:" + net.IP(value).String()
		}
		if len(value) == 8 || len(value) == 32 {
			return "IP:" + (&net.IPNet{IP: value[:len(value)/2], Mask: value[len(value)/2:]}).String()
		}
	case 8:
		var oid asn1.ObjectIdentifier
		if rest, err := asn1.Unmarshal(append([]byte{6, byte(len(value))}, value...), &oid); err == nil && len(rest) == 0 {
			return "RegisteredID:" + oid.String()
		}
	case 0:
		return "otherName:" + otherName(value)
	}
	return fmt.Sprintf("[%d]:%s", choice, hex.EncodeToString(value))
}

func otherName(value cryptobyte.String) string {
	var oid asn1.ObjectIdentifier
	var content cryptobyte.String
	if !value.ReadASN1ObjectIdentifier(&oid) || !value.ReadASN1(&content, opened(0)) {
		return hex.EncodeToString(value)
	}
	return oid.String() + ":" + rawLines(content)[0]
}

func tagged(n cbasn1.Tag) cbasn1.Tag { return n.ContextSpecific() }
func opened(n cbasn1.Tag) cbasn1.Tag { return n.ContextSpecific().Constructed() }

// colons prints octets as people compare them: 0A:1B:…
func colons(octets []byte) string {
	parts := make([]string, len(octets))
	for i, b := range octets {
		parts[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(parts, ":")
}
