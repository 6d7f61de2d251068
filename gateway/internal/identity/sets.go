package identity

// sets are the items of each ready-made set. Names are exactly those the applications of
// the gateway or proxy in question read.
//
// koal and jit follow what applications written for those gateways do with the values:
// they URL-decode cookies and read them as GBK or UTF-8, take headers as octets of the
// application's character set, and search in distinguished names. Forms that differ
// between installations (serial numbers, times) are set by Config.
func sets(c Config) map[string][]Item {
	return map[string][]Item{
		"rfc9440": {
			header("Client-Cert", "certificate.rfc9440"),
			header("Client-Cert-Chain", "chain.rfc9440"),
		},
		"nginx": {
			header("X-SSL-Client-Verify", "verify"),
			header("X-SSL-Client-S-DN", "subject"),
			header("X-SSL-Client-I-DN", "issuer"),
			formed(header("X-SSL-Client-Serial", "serial"), "HEX"), // as $ssl_client_serial
			encoded(header("X-SSL-Client-Cert", "certificate.pem"), encodingPercent),
			header("X-SSL-Client-Fingerprint", "fingerprint.sha1"),
		},
		"envoy": {
			header("X-Forwarded-Client-Cert", "xfcc"),
		},
		"oauth2-proxy": {
			header("X-Auth-Request-User", "user"),
			header("X-Auth-Request-Preferred-Username", "user"),
			header("X-Auth-Request-Email", "email"),
			every(header("X-Auth-Request-Groups", "groups")),
			header("X-Forwarded-User", "user"),
			header("X-Forwarded-Preferred-Username", "user"),
			header("X-Forwarded-Email", "email"),
			every(header("X-Forwarded-Groups", "groups")),
		},
		"authelia": {
			header("Remote-User", "user"),
			header("Remote-Name", "name"),
			header("Remote-Email", "email"),
			every(header("Remote-Groups", "groups")),
		},
		"koal": koal(c),
		"jit":  jit(c),
	}
}

func koal(c Config) []Item {
	serial, times := or(c.Serial, "decimal"), or(c.Times, "datetime")
	return []Item{
		cookie("KOAL_CERT_CN", "subject.CN"),
		cookie("KOAL_CERT_G", "subject.GN"),
		cookie("KOAL_CERT_O", "subject.O"),
		cookie("KOAL_CERT_OU", "subject.OU"),
		cookie("KOAL_CERT_C", "subject.C"),
		cookie("KOAL_CERT_L", "subject.L"),
		cookie("KOAL_CERT_ST", "subject.ST"),
		cookie("KOAL_CERT_E", "subject.E"),
		cookie("KOAL_CERT_T", "subject.title"),
		formed(cookie("KOAL_CERT_SERIAL_NUMBER", "serial"), serial),
		formed(cookie("KOAL_CERT_SN", "serial"), serial),
		formed(cookie("KOAL_CERT_DN", "subject"), formPlain),
		cookie("KOAL_CERT_ISSUER_CN", "issuer.CN"),
		cookie("KOAL_CERT_ISSUER_O", "issuer.O"),
		cookie("KOAL_CERT", "certificate.pem"),
		formed(cookie("KOAL_NOT_BEFORE", "notBefore"), times),
		formed(cookie("KOAL_NOT_AFTER", "notAfter"), times),
		cookie("KOAL_CLIENT_IP", "address"),
	}
}

func jit(c Config) []Item {
	times := or(c.Times, "datetime")
	return []Item{
		formed(header("dnname", "subject"), formPlain),
		formed(header("serialnumber", "serial"), or(c.Serial, "HEX")),
		formed(header("issuerdn", "issuer"), formPlain),
		formed(header("notbefore", "notBefore"), times),
		formed(header("notafter", "notAfter"), times),
		header("certinfo", "certificate.base64"),
		header("clientip", "address"),
		header("privilege", "privilege"),
		header("username", "user"),
	}
}

func header(name, source string) Item { return Item{In: InHeader, Name: name, Source: source} }
func cookie(name, source string) Item { return Item{In: InCookie, Name: name, Source: source} }

func formed(i Item, form string) Item      { i.Form = form; return i }
func encoded(i Item, encoding string) Item { i.Encoding = encoding; return i }
func every(i Item) Item                    { i.Which = "all"; return i }

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// Names that are removed from every request whatever an application is told, folded (see
// fold); a trailing * stands for any rest. They are those of all sets with their kin:
// what any application behind any gateway or proxy has been seen to believe.
var (
	spoofedHeaders = []string{
		"client-cert*", "x-forwarded-*", "forwarded", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "true-client-ip",
		"x-original-forwarded-for", "x-original-host", "x-original-url", "x-rewrite-url", "x-request-id", "x-host",
		"x-ssl-*", "ssl-client-*", "ssl-server-*", "ssl-verify-*", "ssl-cipher*", "ssl-protocol*", "x-client-cert*", "x-client-verify*", "x-client-dn*", "cert-chain-*",
		"x-auth-request-*", "remote-*", "x-remote-*", "x-webauth-*", "x-authenticated-*", "x-pomerium-*", "x-onecert-*",
		"koal-*",
		"dnname", "serialnumber", "issuerdn", "notbefore", "notafter", "certinfo", "clientip", "privilege", "username", "password",
		"devicename", "austyle", "defaultprivilege", "servicelist", "appflag",
	}
	spoofedCookies    = []string{"koal-*", "ssl-verify-cert*", "x-onecert-*"}
	spoofedParameters = []string{"koal-*", "ssl-verify-cert*", "x-onecert-*"}
)
