package main

import "encoding/asn1"

// usageNames are the key usage bits in the words openssl has made customary.
var usageNames = []string{"Digital Signature", "Non Repudiation", "Key Encipherment", "Data Encipherment", "Key Agreement",
	"Certificate Sign", "CRL Sign", "Encipher Only", "Decipher Only"}

// named prints an object identifier with its name where it has one.
func named(oid asn1.ObjectIdentifier) string {
	if name := oidName(oid); name != "" {
		return name
	}
	return oid.String()
}

// oidName returns the standard's own name of an algorithm, extension or purpose;
// the names are the same in every language. "" if we know none.
func oidName(oid asn1.ObjectIdentifier) string { return oidNames[oid.String()] }

// oidNames is read only.
var oidNames = map[string]string{
	"1.2.156.10197.1.501": "SM2-with-SM3", "1.2.156.10197.1.504": "RSA-with-SM3", "1.2.156.10197.1.301": "SM2",
	"1.2.156.10197.1.502": "SM2-with-SHA1 (ambiguous)", "1.2.156.10197.1.503": "SM2-with-SHA256 (ambiguous)",
	"1.2.840.113549.1.1.1": "rsaEncryption", "1.2.840.113549.1.1.4": "md5WithRSAEncryption", "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
	"1.2.840.113549.1.1.10": "rsassaPss", "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
	"1.2.840.113549.1.1.12": "sha384WithRSAEncryption", "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
	"1.2.840.10045.2.1": "id-ecPublicKey", "1.2.840.10045.4.1": "ecdsa-with-SHA1", "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
	"1.2.840.10045.4.3.3": "ecdsa-with-SHA384", "1.2.840.10045.4.3.4": "ecdsa-with-SHA512", "1.3.101.112": "ED25519",

	"2.5.29.14": "subjectKeyIdentifier", "2.5.29.15": "keyUsage", "2.5.29.16": "privateKeyUsagePeriod", "2.5.29.17": "subjectAltName",
	"2.5.29.18": "issuerAltName", "2.5.29.19": "basicConstraints", "2.5.29.20": "cRLNumber", "2.5.29.21": "reasonCode",
	"2.5.29.24": "invalidityDate", "2.5.29.27": "deltaCRLIndicator", "2.5.29.28": "issuingDistributionPoint",
	"2.5.29.29": "certificateIssuer", "2.5.29.30": "nameConstraints", "2.5.29.31": "cRLDistributionPoints",
	"2.5.29.32": "certificatePolicies", "2.5.29.32.0": "anyPolicy", "2.5.29.33": "policyMappings", "2.5.29.35": "authorityKeyIdentifier",
	"2.5.29.36": "policyConstraints", "2.5.29.37": "extKeyUsage", "2.5.29.46": "freshestCRL", "2.5.29.54": "inhibitAnyPolicy",
	"1.3.6.1.5.5.7.1.1": "authorityInfoAccess", "1.3.6.1.5.5.7.1.11": "subjectInfoAccess", "1.3.6.1.5.5.7.48.1.5": "ocsp-nocheck",
	"1.3.6.1.5.5.7.2.1": "CPS", "1.3.6.1.5.5.7.2.2": "User Notice",
	"1.2.156.10260.4.1.1": "identifyCode", "1.2.156.10260.4.1.2": "insuranceNumber", "1.2.156.10260.4.1.3": "iCRegistrationNumber",
	"1.2.156.10260.4.1.4": "organizationCode", "1.2.156.10260.4.1.5": "taxationNumber",

	"1.3.6.1.5.5.7.3.1": "TLS Web Server Authentication", "1.3.6.1.5.5.7.3.2": "TLS Web Client Authentication",
	"1.3.6.1.5.5.7.3.3": "Code Signing", "1.3.6.1.5.5.7.3.4": "E-mail Protection", "1.3.6.1.5.5.7.3.8": "Time Stamping",
	"1.3.6.1.5.5.7.3.9": "OCSP Signing", "1.3.6.1.5.5.7.3.17": "ipsec Internet Key Exchange", "1.3.6.1.5.5.7.3.36": "Document Signing",
	"2.5.29.37.0": "Any Extended Key Usage", "1.3.6.1.5.5.7.48.1": "OCSP", "1.3.6.1.5.5.7.48.2": "CA Issuers",
}
