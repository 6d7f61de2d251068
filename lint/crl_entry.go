package lint

import (
	"golang.org/x/crypto/cryptobyte"
	asn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// entryFaults is what the entries of a CRL leave behind for the rules.
type entryFaults struct {
	serial       string // first fault of a serial number
	date         string // first fault of a date
	later        bool   // a revocation date after thisUpdate
	zero         bool   // reasonCode unspecified is written
	unused       bool   // reasonCode 7 or over 10
	remove       bool   // removeFromCRL
	critical     string // first extension with the wrong criticality
	unknown      string // first unknown critical extension
	malformed    string
	duplicated   bool // an extension stands twice in an entry
	repeated     bool // a serial stands twice
	hasExtension bool
	issuers      bool // certificateIssuer
}

// read takes one entry off the list and returns its serial's octets.
func (f *entryFaults) read(list *cryptobyte.String, thisUpdate moment) (serial []byte, ok bool) {
	var body, number, extensions cryptobyte.String
	if !list.ReadASN1(&body, asn1.SEQUENCE) || !body.ReadASN1(&number, asn1.INTEGER) {
		return nil, false
	}
	f.readSerial(number)
	date, ok := readMoment(&body)
	if !ok {
		return nil, false
	}
	first(&f.date, date.fault())
	f.later = f.later || date.read && thisUpdate.read && date.at.After(thisUpdate.at)
	if body.Empty() {
		return number, true
	}
	if !body.ReadASN1(&extensions, asn1.SEQUENCE) || !body.Empty() {
		return nil, false
	}
	return number, f.readExtensions(extensions)
}

func first(kept *string, fault string) {
	if *kept == "" {
		*kept = fault
	}
}

func (f *entryFaults) readSerial(number []byte) {
	switch {
	case integerFault(number) != "":
		first(&f.serial, integerFault(number))
	case number[0] >= 0x80 || len(magnitude(number)) == 0:
		first(&f.serial, "a serial number is not positive")
	case len(number) > 20:
		first(&f.serial, "a serial number has more than 20 octets")
	}
}

func (f *entryFaults) readExtensions(list cryptobyte.String) bool {
	f.hasExtension = true
	if list.Empty() {
		first(&f.malformed, "an entry's list of extensions is empty")
		return true
	}
	var seen [4][]byte
	for n := 0; !list.Empty(); n++ {
		e, ok := readExtension(&list)
		if !ok || n == maxExtensions {
			return false
		}
		for _, oid := range seen {
			f.duplicated = f.duplicated || oid != nil && string(oid) == string(e.oid)
		}
		seen[n%len(seen)] = e.oid
		f.readExtension(&e)
	}
	return true
}

func (f *entryFaults) readExtension(e *extension) {
	s := cryptobyte.String(e.value)
	switch string(e.oid) {
	case oidReasonCode:
		f.readReason(s)
		if e.critical {
			first(&f.critical, "reasonCode must not be critical")
		}
	case oidInvalidityDate:
		date, ok := readMoment(&s)
		if !ok || date.tag != asn1.GeneralizedTime || !date.read || !s.Empty() {
			first(&f.malformed, "an invalidityDate is not a GeneralizedTime written YYYYMMDDHHMMSSZ")
		}
		if e.critical {
			first(&f.critical, "invalidityDate must not be critical")
		}
	case oidCertificateIssuer:
		f.issuers = true
		if _, ok := readNamesField(&s); !ok || !s.Empty() {
			first(&f.malformed, "a certificateIssuer is malformed")
		}
		if !e.critical {
			first(&f.critical, "certificateIssuer must be critical")
		}
	default:
		if e.critical {
			first(&f.unknown, "entry extension "+dotted(e.oid)+" is critical and not known")
		}
	}
}

func (f *entryFaults) readReason(s cryptobyte.String) {
	var code cryptobyte.String
	if !s.ReadASN1(&code, asn1.ENUM) || !s.Empty() || len(code) != 1 {
		first(&f.malformed, "a reasonCode is not one ENUMERATED octet")
		return
	}
	switch code[0] {
	case 0:
		f.zero = true
	case 8:
		f.remove = true
	case 1, 2, 3, 4, 5, 6, 9, 10:
	default:
		f.unused = true
	}
}
