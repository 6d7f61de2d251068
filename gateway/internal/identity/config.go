package identity

// Config is what one application is told. Its zero value: forwarding headers only.
type Config struct {
	// Sets name ready-made items: rfc9440, nginx, envoy, oauth2-proxy, authelia, koal, jit.
	Sets []string `json:"sets,omitempty" enum:"rfc9440,nginx,envoy,oauth2-proxy,authelia,koal,jit" maxItems:"7" doc:"ready-made items"`
	// Items are the application's own headers, cookies and parameters.
	Items []Item `json:"items,omitempty" maxItems:"200" doc:"headers, cookies and parameters of the application's own"`

	// Charset of the sets' values and of items that name none: utf-8 (default), gbk, gb18030.
	Charset string `json:"charset,omitempty" enum:"utf-8,gbk,gb18030" doc:"of the sets' values and of items that name none; by default utf-8"`
	// Serial is the form of serial numbers in the sets koal and jit: hex, HEX, decimal; empty: the set's own.
	Serial string `json:"serial,omitempty" enum:"hex,HEX,decimal" doc:"form of serial numbers in the sets koal and jit; by default each set's own"`
	// Times is the form of times in the sets koal and jit, as Item.Form; empty: datetime.
	Times string `json:"times,omitempty" enum:"rfc3339,datetime,compact,dashed,openssl,unix" doc:"form of times in the sets koal and jit; by default datetime"`
	// Names says how the sets koal and jit write distinguished names.
	Names Names `json:"names,omitzero" doc:"how the sets koal and jit write distinguished names"`
	// Legacy is how octets beyond ASCII in string types that do not declare their character
	// set (T61String, PrintableString, IA5String) are read where they are not UTF-8:
	// gbk (default), latin1, refuse.
	Legacy string `json:"legacy,omitempty" enum:"gbk,latin1,refuse" doc:"how names of old certificates are read that do not declare their character set; by default gbk"`

	// Forwarding: x-forwarded (default: X-Forwarded-For, -Proto, -Host, -Port, X-Real-IP), rfc7239, both, none.
	Forwarding string `json:"forwarding,omitempty" enum:"x-forwarded,rfc7239,both,none" doc:"headers about the connection; by default x-forwarded"`
	// Assertion is a signed statement of all this; nil: none.
	Assertion *Assertion `json:"assertion,omitempty" doc:"a signed statement of who it is"`
	// Remove is taken out of requests besides what is set here and what any set sets.
	Remove Removed `json:"remove,omitzero" doc:"further names taken out of requests"`
	// MaxBytes bounds everything added to one request; 0: 16 KiB.
	MaxBytes int `json:"maxBytes,omitempty" minimum:"0" maximum:"262144" doc:"of everything added to a request; by default 16384"`
}

// Names is how distinguished names are written for applications that cut a value out of
// them by searching for "T=" and the like.
type Names struct {
	// Order: leaf-first (default: CN=…,OU=…,O=…,C=…), root-first.
	Order string `json:"order,omitempty" enum:"leaf-first,root-first" doc:"by default leaf-first"`
	// Separator: "," (default) or ", ".
	Separator string `json:"separator,omitempty" doc:"comma, or comma and blank; by default comma" maxLength:"2"`
	// State is how the province is called: S (default), ST. "ST=" contains "T=": with ST a
	// name that has a title behind its province is refused.
	State string `json:"state,omitempty" enum:"S,ST" doc:"what the province is called; by default S"`
	// Deceptive is what becomes of a name whose values could be taken for attributes:
	// refuse (default), escape (RFC 4514's \3D, \2C, which such applications cannot mistake).
	Deceptive string `json:"deceptive,omitempty" enum:"refuse,escape" doc:"what becomes of values that could be taken for attributes; by default refuse"`
}

// Where an item goes.
const (
	InHeader    = "header"
	InCookie    = "cookie"
	InParameter = "parameter"
)

// Item is one value told to the application.
type Item struct {
	In     string `json:"in" enum:"header,cookie,parameter"`
	Name   string `json:"name" maxLength:"64" doc:"as the application reads it"`
	Source string `json:"source" maxLength:"200" doc:"what is told, such as subject.CN, serial, user"` // see Sources
	// Which of several values (attributes that occur more than once, SANs, groups): first
	// (default), last, only (several are refused), all, or a number from 1.
	Which string `json:"which,omitempty" maxLength:"8" doc:"of several values: first, last, only, all, or a number from 1; by default first"`
	Join  string `json:"join,omitempty" maxLength:"8" doc:"between values where all are told; by default a comma"`
	// Form of what has several: serial (hex, HEX, colon, decimal), times (rfc3339,
	// datetime, compact, dashed, openssl, unix), names (rfc4514, rfc4514-root-first, plain,
	// openssl); empty: the first of each.
	Form    string `json:"form,omitempty" maxLength:"32" doc:"of serial numbers, times and distinguished names"`
	Charset string `json:"charset,omitempty" enum:"utf-8,gbk,gb18030" doc:"by default the application's"`
	// Encoding: raw, percent, base64, base64url; empty: raw in headers, percent elsewhere.
	Encoding string `json:"encoding,omitempty" enum:"raw,percent,base64,base64url" doc:"by default raw in headers, percent elsewhere"`
	// Missing is what happens where there is no value: omit (default), empty, refuse.
	Missing string `json:"missing,omitempty" enum:"omit,empty,refuse" doc:"where there is no value; by default omit"`
}

// Assertion is a JWT about the person, for the application alone, beside or instead of
// items. It is the only thing a neighbour of the back end cannot forge.
type Assertion struct {
	Header    string `json:"header,omitempty" maxLength:"64" doc:"by default X-OneCert-Assertion"`
	Audience  string `json:"audience" maxLength:"200" doc:"the application as it knows itself"` // aud
	Algorithm string `json:"algorithm,omitempty" enum:"ES256,SM2" doc:"by default ES256"`
	Seconds   int    `json:"seconds,omitempty" minimum:"0" maximum:"600" doc:"life; by default 120"`
}

// Removed are further names taken out of requests, in any spelling. A trailing * stands for
// any rest.
type Removed struct {
	Headers    []string `json:"headers,omitempty" maxItems:"200"`
	Cookies    []string `json:"cookies,omitempty" maxItems:"200"`
	Parameters []string `json:"parameters,omitempty" maxItems:"200"`
}
