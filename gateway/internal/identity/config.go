package identity

// Config is what one application is told. Its zero value: forwarding headers only.
type Config struct {
	// Sets name ready-made items: rfc9440, nginx, envoy, oauth2-proxy, authelia, koal, jit.
	Sets []string `json:"sets,omitempty"`
	// Items are the application's own headers, cookies and parameters.
	Items []Item `json:"items,omitempty"`

	// Charset of the sets' values and of items that name none: utf-8 (default), gbk, gb18030.
	Charset string `json:"charset,omitempty"`
	// Serial is the form of serial numbers in the sets koal and jit: hex, HEX, decimal; empty: the set's own.
	Serial string `json:"serial,omitempty"`
	// Times is the form of times in the sets koal and jit, as Item.Form; empty: datetime.
	Times string `json:"times,omitempty"`
	// Names says how the sets koal and jit write distinguished names.
	Names Names `json:"names,omitzero"`
	// Legacy is how octets beyond ASCII in string types that do not declare their character
	// set (T61String, PrintableString, IA5String) are read where they are not UTF-8:
	// gbk (default), latin1, refuse.
	Legacy string `json:"legacy,omitempty"`

	// Forwarding: x-forwarded (default: X-Forwarded-For, -Proto, -Host, -Port, X-Real-IP), rfc7239, both, none.
	Forwarding string `json:"forwarding,omitempty"`
	// Assertion is a signed statement of all this; nil: none.
	Assertion *Assertion `json:"assertion,omitempty"`
	// Remove is taken out of requests besides what is set here and what any set sets.
	Remove Removed `json:"remove,omitzero"`
	// MaxBytes bounds everything added to one request; 0: 16 KiB.
	MaxBytes int `json:"max_bytes,omitempty"`
}

// Names is how distinguished names are written for applications that cut a value out of
// them by searching for "T=" and the like.
type Names struct {
	// Order: leaf-first (default: CN=…,OU=…,O=…,C=…), root-first.
	Order string `json:"order,omitempty"`
	// Separator: "," (default) or ", ".
	Separator string `json:"separator,omitempty"`
	// State is how the province is called: S (default), ST. "ST=" contains "T=": with ST a
	// name that has a title behind its province is refused.
	State string `json:"state,omitempty"`
	// Deceptive is what becomes of a name whose values could be taken for attributes:
	// refuse (default), escape (RFC 4514's \3D, \2C, which such applications cannot mistake).
	Deceptive string `json:"deceptive,omitempty"`
}

// Where an item goes.
const (
	InHeader    = "header"
	InCookie    = "cookie"
	InParameter = "parameter"
)

// Item is one value told to the application.
type Item struct {
	In     string `json:"in"`     // header, cookie, parameter
	Name   string `json:"name"`   // as the application reads it
	Source string `json:"source"` // see Sources
	// Which of several values (attributes that occur more than once, SANs, groups): first
	// (default), last, only (several are refused), all, or a number from 1.
	Which string `json:"which,omitempty"`
	Join  string `json:"join,omitempty"` // between values where Which is all; empty: ","
	// Form of what has several: serial (hex, HEX, colon, decimal), times (rfc3339,
	// datetime, compact, dashed, openssl, unix), names (rfc4514, rfc4514-root-first, plain,
	// openssl); empty: the first of each.
	Form    string `json:"form,omitempty"`
	Charset string `json:"charset,omitempty"` // utf-8, gbk, gb18030; empty: the Config's
	// Encoding: raw, percent, base64, base64url; empty: raw in headers, percent elsewhere.
	Encoding string `json:"encoding,omitempty"`
	// Missing is what happens where there is no value: omit (default), empty, refuse.
	Missing string `json:"missing,omitempty"`
}

// Assertion is a JWT about the person, for the application alone, beside or instead of
// items. It is the only thing a neighbour of the back end cannot forge.
type Assertion struct {
	Header    string `json:"header,omitempty"`    // empty: X-OneCert-Assertion
	Audience  string `json:"audience"`            // aud: the application
	Algorithm string `json:"algorithm,omitempty"` // ES256 (default), SM2
	Seconds   int    `json:"seconds,omitempty"`   // life; 0: 120; at most 600
}

// Removed are further names taken out of requests, in any spelling. A trailing * stands for
// any rest.
type Removed struct {
	Headers    []string `json:"headers,omitempty"`
	Cookies    []string `json:"cookies,omitempty"`
	Parameters []string `json:"parameters,omitempty"`
}
