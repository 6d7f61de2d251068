package onecert.check;

import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAPublicKey;
import java.util.ArrayList;
import java.util.List;

import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x500.AttributeTypeAndValue;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.util.encoders.Hex;

/** dump CERT: what stands in a certificate. */
final class Dump {
    private Dump() {}

    private static final String[] USAGES = {"digitalSignature", "contentCommitment", "keyEncipherment",
        "dataEncipherment", "keyAgreement", "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly"};

    static void run(Arguments arguments, Answer answer) throws Exception {
        X509Certificate certificate = Material.certificate(arguments.file());
        X509CertificateHolder holder = new X509CertificateHolder(certificate.getEncoded());
        answer.put("subject", holder.getSubject());
        answer.put("subject_encoding", encoding(holder.getSubject()));
        answer.put("issuer", holder.getIssuer());
        answer.put("serial", certificate.getSerialNumber().toString(16));
        answer.put("not_before", certificate.getNotBefore().toInstant());
        answer.put("not_after", certificate.getNotAfter().toInstant());
        answer.put("key", describe(certificate.getPublicKey()));
        answer.put("key_sha256", Hex.toHexString(
                MessageDigest.getInstance("SHA-256").digest(certificate.getPublicKey().getEncoded())));
        answer.put("algorithm", certificate.getSigAlgOID());
        answer.put("algorithm_parameters", holder.getSignatureAlgorithm().getParameters() == null ? "absent" : "present");
        answer.put("usages", usages(certificate));
        extensions(holder.getExtensions(), answer);
    }

    private static void extensions(Extensions extensions, Answer answer) throws Exception {
        if (extensions == null) {
            return;
        }
        for (ASN1ObjectIdentifier oid : extensions.getExtensionOIDs()) {
            Extension extension = extensions.getExtension(oid);
            answer.put("extension." + oid, extension.isCritical() ? "critical" : "not critical");
            answer.put("value." + oid, Hex.toHexString(extension.getExtnValue().getOctets()));
        }
        ExtendedKeyUsage purposes = ExtendedKeyUsage.fromExtensions(extensions);
        if (purposes != null) {
            List<String> oids = new ArrayList<>();
            for (KeyPurposeId purpose : purposes.getUsages()) {
                oids.add(purpose.getId());
            }
            answer.put("purposes", String.join(",", oids));
        }
        BasicConstraints constraints = BasicConstraints.fromExtensions(extensions);
        answer.put("ca", constraints != null && constraints.isCA());
        if (constraints != null && constraints.getPathLenConstraint() != null) {
            answer.put("path_length", constraints.getPathLenConstraint());
        }
        SubjectKeyIdentifier own = SubjectKeyIdentifier.fromExtensions(extensions);
        answer.put("key_id", own == null ? "" : Hex.toHexString(own.getKeyIdentifier()));
        AuthorityKeyIdentifier authority = AuthorityKeyIdentifier.fromExtensions(extensions);
        answer.put("authority_key_id", authority == null || authority.getKeyIdentifierOctets() == null ? ""
                : Hex.toHexString(authority.getKeyIdentifierOctets()));
    }

    private static String usages(X509Certificate certificate) {
        List<String> set = new ArrayList<>();
        boolean[] bits = certificate.getKeyUsage();
        for (int i = 0; bits != null && i < bits.length; i++) {
            if (bits[i]) {
                set.add(USAGES[i]);
            }
        }
        return String.join(",", set);
    }

    /** The string type of each attribute of a name, in order: 2.5.4.3:DERUTF8String. */
    private static String encoding(X500Name name) {
        List<String> kinds = new ArrayList<>();
        for (RDN rdn : name.getRDNs()) {
            for (AttributeTypeAndValue one : rdn.getTypesAndValues()) {
                kinds.add(one.getType() + ":" + one.getValue().toASN1Primitive().getClass().getSimpleName());
            }
        }
        return String.join(",", kinds);
    }

    /** RSA with its bits, or the curve's OID. */
    static String describe(PublicKey key) {
        if (key instanceof RSAPublicKey rsa) {
            return "RSA " + rsa.getModulus().bitLength();
        }
        SubjectPublicKeyInfo info = SubjectPublicKeyInfo.getInstance(key.getEncoded());
        return "EC " + info.getAlgorithm().getParameters();
    }
}
