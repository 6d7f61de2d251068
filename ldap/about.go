package ldap

// about returns the entries that describe the server itself: its root (RFC 4512 5.1)
// and its schema; nil for every other name.
func (d *Directory) about(name dn) *entry {
	e := &entry{dn: name}
	switch {
	case len(name) == 0:
		e.add("objectClass", "top")
		e.addOperational("namingContexts", d.base.String())
		e.addOperational("supportedLDAPVersion", "3")
		e.addOperational("supportedControl", oidPaged)
		e.addOperational("supportedFeatures", "1.3.6.1.4.1.4203.1.5.1") // "+" for all operational ones, RFC 3673
		e.addOperational("subschemaSubentry", "cn=Subschema")
		e.addOperational("vendorName", "OneCert")
		return e
	case len(name) == 1 && name.equal(dn{{"cn", "Subschema"}}):
		e.add("objectClass", "top", "subschema")
		e.add("cn", "Subschema")
		e.addOperational("objectClasses", objectClasses()...)
		e.addOperational("attributeTypes", attributeTypes()...)
		return e
	}
	return nil
}

// objectClasses are the classes entries here have, as their standards define them
// (RFC 4512, 4519, 4523, 2798, 2377).
func objectClasses() []string {
	return []string{
		"( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )",
		"( 2.5.6.2 NAME 'country' SUP top STRUCTURAL MUST c )",
		"( 2.5.6.3 NAME 'locality' SUP top STRUCTURAL MAY ( l $ st ) )",
		"( 2.5.6.4 NAME 'organization' SUP top STRUCTURAL MUST o )",
		"( 2.5.6.5 NAME 'organizationalUnit' SUP top STRUCTURAL MUST ou )",
		"( 2.5.6.6 NAME 'person' SUP top STRUCTURAL MUST ( sn $ cn ) )",
		"( 2.5.6.7 NAME 'organizationalPerson' SUP person STRUCTURAL MAY ou )",
		"( 2.5.6.8 NAME 'organizationalRole' SUP top STRUCTURAL MUST cn MAY ou )",
		"( 2.5.6.11 NAME 'applicationProcess' SUP top STRUCTURAL MUST cn MAY ou )",
		"( 2.5.6.14 NAME 'device' SUP top STRUCTURAL MUST cn MAY ( o $ ou ) )",
		"( 2.5.6.19 NAME 'cRLDistributionPoint' SUP top STRUCTURAL MUST cn MAY ( certificateRevocationList $ authorityRevocationList $ deltaRevocationList ) )",
		"( 2.5.6.21 NAME 'pkiUser' SUP top AUXILIARY MAY userCertificate )",
		"( 2.5.6.22 NAME 'pkiCA' SUP top AUXILIARY MAY ( cACertificate $ certificateRevocationList $ authorityRevocationList ) )",
		"( 2.5.6.23 NAME 'deltaCRL' SUP top AUXILIARY MAY deltaRevocationList )",
		"( 2.16.840.1.113730.3.2.2 NAME 'inetOrgPerson' SUP organizationalPerson STRUCTURAL MAY ( mail $ o $ uid $ userCertificate ) )",
		"( 1.3.6.1.1.3.1 NAME 'uidObject' SUP top AUXILIARY MUST uid )",
		"( 1.3.6.1.4.1.1466.344 NAME 'dcObject' SUP top AUXILIARY MUST dc )",
	}
}

func attributeTypes() []string {
	const text, binary = "EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )", "SYNTAX 1.3.6.1.4.1.1466.115.121.1."
	return []string{
		"( 2.5.4.0 NAME 'objectClass' EQUALITY objectIdentifierMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.38 )",
		"( 2.5.4.3 NAME ( 'cn' 'commonName' ) " + text,
		"( 2.5.4.4 NAME ( 'sn' 'surname' ) " + text,
		"( 2.5.4.6 NAME ( 'c' 'countryName' ) " + text,
		"( 2.5.4.7 NAME ( 'l' 'localityName' ) " + text,
		"( 2.5.4.8 NAME ( 'st' 'stateOrProvinceName' ) " + text,
		"( 2.5.4.10 NAME ( 'o' 'organizationName' ) " + text,
		"( 2.5.4.11 NAME ( 'ou' 'organizationalUnitName' ) " + text,
		"( 0.9.2342.19200300.100.1.1 NAME ( 'uid' 'userid' ) " + text,
		"( 0.9.2342.19200300.100.1.3 NAME ( 'mail' 'rfc822Mailbox' ) EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )",
		"( 0.9.2342.19200300.100.1.25 NAME ( 'dc' 'domainComponent' ) EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )",
		"( 2.5.4.36 NAME 'userCertificate' " + binary + "8 )",
		"( 2.5.4.37 NAME 'cACertificate' " + binary + "8 )",
		"( 2.5.4.38 NAME 'authorityRevocationList' " + binary + "9 )",
		"( 2.5.4.39 NAME 'certificateRevocationList' " + binary + "9 )",
		"( 2.5.4.53 NAME 'deltaRevocationList' " + binary + "9 )",
	}
}
