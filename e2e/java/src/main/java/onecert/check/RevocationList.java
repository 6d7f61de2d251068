package onecert.check;

import java.math.BigInteger;
import java.security.SignatureException;
import java.security.cert.X509CRL;
import java.security.cert.X509CRLEntry;
import java.security.cert.X509Certificate;
import java.util.Date;

import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Enumerated;
import org.bouncycastle.asn1.ASN1GeneralizedTime;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.IssuingDistributionPoint;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;

/** crl --issuer CERT --crl F [--serial HEX] [--at TIME]: signature, numbers, and one serial's fate. */
final class RevocationList {
    private RevocationList() {}

    static void run(Arguments arguments, Answer answer) throws Exception {
        X509Certificate issuer = Material.certificate(arguments.file("issuer"));
        X509CRL crl = Material.crl(arguments.file("crl"));
        try {
            crl.verify(issuer.getPublicKey(), "BC");
        } catch (SignatureException e) {
            answer.put("signature", "wrong");
            throw e;
        }
        answer.put("signature", "ok");
        Answer.require(java.util.Arrays.equals(crl.getIssuerX500Principal().getEncoded(),
                issuer.getSubjectX500Principal().getEncoded()), "the CRL names another issuer than the certificate");

        Date at = arguments.at();
        answer.put("issuer", crl.getIssuerX500Principal());
        answer.put("algorithm", crl.getSigAlgOID());
        answer.put("this_update", crl.getThisUpdate().toInstant());
        answer.put("next_update", crl.getNextUpdate() == null ? "" : crl.getNextUpdate().toInstant());
        answer.put("current", !at.before(crl.getThisUpdate())
                && crl.getNextUpdate() != null && at.before(crl.getNextUpdate()));
        answer.put("number", integer(crl.getExtensionValue(Extension.cRLNumber.getId())));
        answer.put("base", integer(crl.getExtensionValue(Extension.deltaCRLIndicator.getId())));
        answer.put("delta", crl.getExtensionValue(Extension.deltaCRLIndicator.getId()) != null);
        byte[] point = crl.getExtensionValue(Extension.issuingDistributionPoint.getId());
        answer.put("point", point == null ? ""
                : IssuingDistributionPoint.getInstance(parse(point)).getDistributionPoint());
        answer.put("entries", crl.getRevokedCertificates() == null ? 0 : crl.getRevokedCertificates().size());
        if (arguments.serial() != null) {
            entry(crl, arguments.serial(), answer);
        }
    }

    private static void entry(X509CRL crl, BigInteger serial, Answer answer) throws Exception {
        X509CRLEntry entry = crl.getRevokedCertificate(serial);
        answer.put("listed", entry != null);
        if (entry == null) {
            answer.put("revoked", false);
            return;
        }
        byte[] reason = entry.getExtensionValue(Extension.reasonCode.getId());
        int code = reason == null ? 0 : ASN1Enumerated.getInstance(parse(reason)).intValueExact();
        answer.put("revoked", code != 8); // removeFromCRL, in a delta
        answer.put("reason", code);
        answer.put("revoked_at", entry.getRevocationDate().toInstant());
        byte[] invalid = entry.getExtensionValue(Extension.invalidityDate.getId());
        answer.put("invalid_since", invalid == null ? ""
                : ASN1GeneralizedTime.getInstance(parse(invalid)).getDate().toInstant());
    }

    private static String integer(byte[] extension) throws Exception {
        return extension == null ? "" : ASN1Integer.getInstance(parse(extension)).getValue().toString();
    }

    private static ASN1Encodable parse(byte[] extension) throws Exception {
        return JcaX509ExtensionUtils.parseExtensionValue(extension);
    }
}
