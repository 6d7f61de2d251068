package trust

import "time"

// Config is whose certificates are accepted: CAs with what is known of each, and named
// sets of them, of which a service uses one. Rows may come from lists of foreign CAs that
// a centre keeps and signs (H15).
type Config struct {
	CAs  []CA     `json:"cas,omitempty" doc:"the CAs there are" maxItems:"256"`
	Sets []SetRow `json:"sets,omitempty" doc:"which CAs are accepted together" maxItems:"256"`
	// Lists are the signed lists that are followed. What they say becomes rows of CAs.
	Lists []ListRow `json:"lists,omitempty" doc:"lists of foreign CAs that a centre signs" maxItems:"16"`
}

// Whether what a list says counts by itself.
const (
	AdoptApproval  = "approval"  // when an administrator says so
	AdoptAutomatic = "automatic" // as soon as it is here and verified
)

// ListRow is a signed list of foreign CAs that is followed (package trustlist). A list
// that some services take by itself and others by approval has two rows.
type ListRow struct {
	Name    string `json:"name" doc:"begins the names of its CAs here: NAME-CA" pattern:"^[a-z0-9][a-z0-9-]{0,30}$"`
	Title   string `json:"title,omitempty" maxLength:"200"`
	Of      string `json:"of" doc:"what the list calls itself" pattern:"^[a-z0-9][a-z0-9-]{0,30}$"`
	Signers string `json:"signers" doc:"PEM: the certificates of which one has to have signed it, itself and not by a path; two while the centre changes its own" maxLength:"65536"`
	URL     string `json:"url,omitempty" doc:"http, https, ldap, ldaps, or file with an absolute path; none: it is handed in" maxLength:"2048"`
	Adopt   string `json:"adopt,omitempty" enum:"approval,automatic" doc:"whether a new list counts when an administrator says so, or by itself; by default approval. One that says nothing new but when it ends always counts by itself"`

	User         string   `json:"user,omitempty" maxLength:"256"`
	PasswordFile string   `json:"passwordFile,omitempty" doc:"name of a file in the folder passwords beside the revocation lists" maxLength:"1024"`
	Roots        string   `json:"roots,omitempty" doc:"PEM: the CAs of an https or ldaps server; none: the system's" maxLength:"262144"`
	Every        SpanText `json:"every,omitempty" doc:"look so often; by default 1h"`
	Allow        []string `json:"allow,omitempty" doc:"networks (CIDR) that may be reached though they are usually denied" maxItems:"16"`
	// Stale says how long the list's CAs are accepted after its end.
	Stale StaleRule `json:"stale,omitempty"`

	Adopted  *Adopted `json:"adopted,omitempty" doc:"what counts now; the gateway writes it"`
	Declined int64    `json:"declined,omitempty" doc:"a number that was gone back from: it counts again only when adopted by hand; the gateway writes it"`
}

// Adopted is which number of a list counts, and until when.
type Adopted struct {
	Number int64     `json:"number"`
	Ends   time.Time `json:"ends"`
	Rows   string    `json:"rows" doc:"SHA-256 of its rows: rows of a list are nobody's to edit" maxLength:"64"`
}

// SetRow is a set by name. A service names the set it trusts.
type SetRow struct {
	Name string   `json:"name" pattern:"^[a-z0-9][a-z0-9-]{0,62}$"`
	CAs  []string `json:"cas,omitempty" doc:"names of CAs" maxItems:"256"`
	// Lists are followed as wholes: their CAs come and go with them.
	Lists []string `json:"lists,omitempty" doc:"names of lists whose CAs are accepted too" maxItems:"16"`
	// Stale, where given, counts for every CA of the set instead of the CA's own.
	Stale *StaleRule `json:"stale,omitempty" doc:"what to do when revocation data is out of date; by default each CA's own rule"`
}

// StaleRule says what to do when revocation data is out of date. The zero value refuses.
type StaleRule struct {
	AllowFor SpanText `json:"allowFor,omitempty" doc:"go on with data that ended so long ago at most; by default data that has ended is not used"`
}

// CA is one CA, or one tree of CAs under one policy of acceptance.
type CA struct {
	Name          string    `json:"name" pattern:"^[a-z0-9][a-z0-9-]{0,62}$"`
	Title         string    `json:"title,omitempty" maxLength:"400"`
	List          string    `json:"list,omitempty" doc:"the list it comes from; it is not edited here then" maxLength:"31"`
	Anchors       string    `json:"anchors" doc:"PEM: certificates trusted as such" maxLength:"262144"`
	Intermediates string    `json:"intermediates,omitempty" doc:"PEM: CA certificates below the anchors" maxLength:"1048576"`
	Level         int       `json:"level,omitempty" doc:"assurance the policy may ask for" minimum:"0" maximum:"9"`
	Uses          []string  `json:"uses,omitempty" doc:"what its certificates are accepted for: login, sign, seal, timestamp, vpn; none: all" maxItems:"16"`
	Until         time.Time `json:"until,omitzero" doc:"accepted until then; by default as long as its certificates"`
	// Revocation says where the status of its certificates is found. Several sources may
	// speak: one that says revoked is believed, one that says good is enough.
	Revocation []Source  `json:"revocation,omitempty" doc:"sources of revocation data; without one every certificate is refused" maxItems:"512"`
	LeafOnly   bool      `json:"leafOnly,omitempty" doc:"ask for the status of the holder's certificate only, not of the CAs above it"`
	Stale      StaleRule `json:"stale,omitempty"`
}

// Kinds of sources.
const (
	SourceCRL     = "crl"     // a list, complete or delta, at an address
	SourceUpload  = "upload"  // a list that is handed in
	SourceOCSP    = "ocsp"    // asked for each certificate
	SourceJournal = "journal" // the platform's own status journal
	SourceNone    = "none"    // said in so many words: revocation does not matter
)

// Source is one place where revocation data comes from.
type Source struct {
	Name string `json:"name" doc:"unique within its CA" pattern:"^[a-z0-9][a-z0-9-]{0,62}$"`
	Kind string `json:"kind" enum:"crl,upload,ocsp,journal,none"`
	// URL of a list: http, https, ldap, ldaps, or file with an absolute path. Of an OCSP
	// responder: http or https; none: the one the certificate names.
	URL string `json:"url,omitempty" maxLength:"2048"`
	// User and PasswordFile log in to a directory (simple bind) or by HTTP Basic.
	User         string `json:"user,omitempty" maxLength:"256"`
	PasswordFile string `json:"passwordFile,omitempty" doc:"name of the file with the password, in the folder passwords beside the revocation lists; never the password itself" maxLength:"1024"`
	// Roots are the CAs of an https or ldaps server, PEM; none: the system's.
	Roots string `json:"roots,omitempty" maxLength:"262144"`
	// Issuer is the journal's name of the CA (kind journal).
	Issuer string `json:"issuer,omitempty" maxLength:"64"`
	// Of is the CA certificate the journal speaks about, where the CA has several.
	Of     string   `json:"of,omitempty" doc:"journal: SHA-256 of the CA certificate, hexadecimal; needed where the CA has several" maxLength:"64"`
	Every  SpanText `json:"every,omitempty" doc:"look at least so often; by default at half the life of the list, once a day at least"`
	MaxAge SpanText `json:"maxAge,omitempty" doc:"journal: how far behind it may be, by default 1m; crl: life of a list that does not say when it ends, by default such a list is refused; ocsp: an answer is asked for again after it"`
	Nonce  bool     `json:"nonce,omitempty" doc:"ocsp: ask with a nonce and refuse an answer with another"`
	// Allow are networks that may be reached though they are usually not: this machine,
	// link-local addresses and the like.
	Allow    []string `json:"allow,omitempty" doc:"networks (CIDR) that may be reached though they are usually denied: this machine, link-local" maxItems:"16"`
	MaxBytes int64    `json:"maxBytes,omitempty" doc:"octets of a list at most; by default 128 MiB" minimum:"0" maximum:"536870912"`
}

// SpanText is a time span as people write it: 30s, 5m, 12h.
type SpanText string
