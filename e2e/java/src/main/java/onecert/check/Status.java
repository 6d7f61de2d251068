package onecert.check;

import java.nio.file.Files;
import java.security.cert.X509Certificate;
import java.util.Date;
import java.util.Map;

import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.gm.GMObjectIdentifiers;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.ocsp.OCSPObjectIdentifiers;
import org.bouncycastle.asn1.oiw.OIWObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPResp;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.CertificateStatus;
import org.bouncycastle.cert.ocsp.OCSPReqBuilder;
import org.bouncycastle.cert.ocsp.OCSPResp;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.bouncycastle.cert.ocsp.SingleResp;
import org.bouncycastle.operator.DigestCalculator;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.util.encoders.Hex;

/** OCSP: requests with any of the hashes, and what an answer says and is worth. */
final class Status {
    private Status() {}

    private static final Map<String, ASN1ObjectIdentifier> HASHES = Map.of("sha1", OIWObjectIdentifiers.idSHA1,
            "sha256", NISTObjectIdentifiers.id_sha256, "sm3", GMObjectIdentifiers.sm3);

    /** ocsp-request --issuer CERT --serial HEX --hash NAME [--nonce HEX] --out F. */
    static void request(Arguments arguments, Answer answer) throws Exception {
        OCSPReqBuilder builder = new OCSPReqBuilder();
        builder.addRequest(id(arguments));
        String nonce = arguments.get("nonce", null);
        if (nonce != null) {
            builder.setRequestExtensions(new Extensions(new Extension(OCSPObjectIdentifiers.id_pkix_ocsp_nonce, false,
                    new DEROctetString(Hex.decode(nonce)).getEncoded())));
        }
        Files.write(arguments.file("out"), builder.build().getEncoded());
    }

    private static CertificateID id(Arguments arguments) throws Exception {
        ASN1ObjectIdentifier hash = HASHES.get(arguments.get("hash", "sha1"));
        if (hash == null || arguments.serial() == null) {
            throw new Arguments.Wrong("--serial is missing, or --hash is none of " + HASHES.keySet());
        }
        DigestCalculator digest = new JcaDigestCalculatorProviderBuilder().setProvider("BC").build().get(new AlgorithmIdentifier(hash));
        return new CertificateID(digest, new JcaX509CertificateHolder(Material.certificate(arguments.file("issuer"))), arguments.serial());
    }

    /** ocsp --issuer CERT --response F --serial HEX [--hash NAME] [--at TIME]: one certificate's answer. */
    static void run(Arguments arguments, Answer answer) throws Exception {
        X509Certificate issuer = Material.certificate(arguments.file("issuer"));
        OCSPResp response = new OCSPResp(Files.readAllBytes(arguments.file("response")));
        answer.put("response", response.getStatus());
        Answer.require(response.getStatus() == OCSPResp.SUCCESSFUL, "the responder did not answer");
        BasicOCSPResp basic = (BasicOCSPResp) response.getResponseObject();
        responder(issuer, basic, answer);
        Date at = arguments.at();
        Extension nonce = basic.getExtension(OCSPObjectIdentifiers.id_pkix_ocsp_nonce);
        answer.put("nonce", nonce == null ? "" : Hex.toHexString(DEROctetString.getInstance(nonce.getParsedValue()).getOctets()));
        CertificateID wanted = id(arguments);
        for (SingleResp single : basic.getResponses()) {
            if (single.getCertID().equals(wanted)) {
                say(single, at, answer);
                return;
            }
        }
        throw new Answer.Refused("the answer is about other certificates");
    }

    private static void responder(X509Certificate issuer, BasicOCSPResp basic, Answer answer) throws Exception {
        Answer.require(basic.getCerts().length == 1, "the answer does not carry one certificate");
        X509CertificateHolder holder = basic.getCerts()[0];
        X509Certificate responder = new JcaX509CertificateConverter().setProvider("BC").getCertificate(holder);
        responder.verify(issuer.getPublicKey(), "BC");
        Answer.require(responder.getExtendedKeyUsage().contains(KeyPurposeId.id_kp_OCSPSigning.getId()), "the certificate is not for OCSP");
        boolean valid = basic.isSignatureValid(new JcaContentVerifierProviderBuilder().setProvider("BC").build(responder));
        answer.put("signature", valid ? "ok" : "wrong");
        Answer.require(valid, "the signature is wrong");
        answer.put("algorithm", basic.getSignatureAlgOID());
        answer.put("nocheck", holder.getExtension(OCSPObjectIdentifiers.id_pkix_ocsp_nocheck) != null);
    }

    private static void say(SingleResp single, Date at, Answer answer) {
        Object status = single.getCertStatus();
        String state = "unknown";
        if (status == CertificateStatus.GOOD) {
            state = "good";
        } else if (status instanceof RevokedStatus revoked) {
            state = "revoked";
            answer.put("reason", revoked.hasRevocationReason() ? revoked.getRevocationReason() : 0);
            answer.put("revoked_at", revoked.getRevocationTime().toInstant());
        }
        answer.put("state", state);
        answer.put("serial", single.getCertID().getSerialNumber().toString(16));
        answer.put("current", !at.before(single.getThisUpdate()) && single.getNextUpdate() != null && at.before(single.getNextUpdate()));
        answer.put("invalid_since", single.getExtension(Extension.invalidityDate) != null);
    }
}
