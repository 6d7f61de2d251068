import java.io.File;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Security;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.util.Date;

import org.bouncycastle.asn1.*;
import org.bouncycastle.asn1.x500.*;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.*;
import org.bouncycastle.cert.*;
import org.bouncycastle.cert.jcajce.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * Makes the certificates and lists beside this file with BouncyCastle 1.87, in the layouts that domestic CAs use. The
 * keys are thrown away: run again, it makes others.
 *
 * java -cp bcprov.jar:bcpkix.jar:bcutil.jar Make.java FOLDER
 */
public final class Make {
    static final Date BEGIN = Date.from(Instant.parse("2026-01-01T00:00:00Z"));
    static final Date END = Date.from(Instant.parse("2046-01-01T00:00:00Z"));
    static final Date LISTED = Date.from(Instant.parse("2026-11-23T10:00:00Z"));
    static final Date NEXT = Date.from(Instant.parse("2026-11-24T10:00:00Z"));

    final String kind;
    final Path folder;
    final JcaX509ExtensionUtils extensions = new JcaX509ExtensionUtils();

    Make(String kind, Path folder) throws Exception {
        this.kind = kind;
        this.folder = folder;
    }

    public static void main(String[] words) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        for (String kind : new String[] {"sm2", "rsa"}) {
            new Make(kind, Path.of(words[0], kind)).all();
        }
    }

    KeyPair pair() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance(kind.equals("sm2") ? "EC" : "RSA", "BC");
        if (kind.equals("sm2")) {
            generator.initialize(new ECGenParameterSpec("sm2p256v1"));
        } else {
            generator.initialize(2048);
        }
        return generator.generateKeyPair();
    }

    ContentSigner signer(KeyPair pair) throws Exception {
        return new JcaContentSignerBuilder(kind.equals("sm2") ? "SM3withSM2" : "SHA256withRSA").setProvider("BC").build(pair.getPrivate());
    }

    static X500Name name(Object... parts) {
        X500NameBuilder builder = new X500NameBuilder(BCStyle.INSTANCE);
        for (int i = 0; i < parts.length; i += 2) {
            builder.addRDN((ASN1ObjectIdentifier) parts[i], (ASN1Encodable) parts[i + 1]);
        }
        return builder.build();
    }

    void all() throws Exception {
        Files.createDirectories(folder);
        KeyPair root = pair(), issuing = pair();
        X500Name rootName = name(BCStyle.C, new DERPrintableString("CN"), BCStyle.O, new DERUTF8String("示例根"), BCStyle.CN, new DERUTF8String("根"));
        X500Name issuingName = name(BCStyle.C, new DERPrintableString("CN"), BCStyle.ST, new DERBMPString("示例省"),
                BCStyle.O, new DERBMPString("数字证书认证中心"), BCStyle.CN, new DERPrintableString("Example OCA1"));
        write("root.cer", authority(rootName, rootName, root, root, 1).getEncoded());
        write("issuing.cer", authority(rootName, issuingName, root, issuing, 2).getEncoded());
        int serial = 0x1001;
        for (String holder : new String[] {"good", "revoked", "held", "fresh"}) {
            X500Name subject = name(BCStyle.C, new DERPrintableString("CN"), BCStyle.ST, new DERBMPString("示例省"), BCStyle.L, new DERUTF8String("示例市"),
                    BCStyle.O, new DERT61String("bureau"), BCStyle.T, new DERPrintableString("110101"), BCStyle.CN, new DERBMPString("张三 " + holder));
            write(holder + ".cer", person(issuingName, subject, issuing, serial++).getEncoded());
        }
        write("full.crl", list(issuingName, issuing, 5, 0, new int[] {0x1002, CRLReason.keyCompromise}, new int[] {0x1003, CRLReason.certificateHold}));
        write("delta.crl", list(issuingName, issuing, 6, 5, new int[] {0x1003, CRLReason.removeFromCRL}, new int[] {0x1004, CRLReason.superseded}));
    }

    void write(String file, byte[] octets) throws Exception {
        Files.write(folder.resolve(file), octets);
    }

    X509CertificateHolder authority(X500Name issuer, X500Name subject, KeyPair signer, KeyPair own, int serial) throws Exception {
        X509v3CertificateBuilder b = new JcaX509v3CertificateBuilder(issuer, BigInteger.valueOf(serial), BEGIN, END, subject, own.getPublic());
        b.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
        b.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
        b.addExtension(Extension.subjectKeyIdentifier, false, extensions.createSubjectKeyIdentifier(own.getPublic()));
        b.addExtension(Extension.authorityKeyIdentifier, false, extensions.createAuthorityKeyIdentifier(signer.getPublic()));
        return b.build(signer(signer));
    }

    static DistributionPointName place() {
        X500Name at = name(BCStyle.C, new DERPrintableString("CN"), BCStyle.O, new DERUTF8String("数字证书认证中心"), BCStyle.OU, new DERUTF8String("CRL"),
                BCStyle.CN, new DERUTF8String("crl1"));
        return new DistributionPointName(new GeneralNames(new GeneralName(at)));
    }

    X509CertificateHolder person(X500Name issuer, X500Name subject, KeyPair signer, int serial) throws Exception {
        X509v3CertificateBuilder b = new JcaX509v3CertificateBuilder(issuer, BigInteger.valueOf(serial), BEGIN, END, subject, pair().getPublic());
        b.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature | KeyUsage.nonRepudiation));
        b.addExtension(Extension.authorityKeyIdentifier, false, extensions.createAuthorityKeyIdentifier(signer.getPublic()));
        DistributionPoint web = new DistributionPoint(new DistributionPointName(new GeneralNames(
                new GeneralName(GeneralName.uniformResourceIdentifier, "http://crl.example.cn/crl1.crl"))), null, null);
        b.addExtension(Extension.cRLDistributionPoints, false, new CRLDistPoint(new DistributionPoint[] {new DistributionPoint(place(), null, null), web}));
        // GB/T 20518: identity number of a person, and a private extension of nobody's
        b.addExtension(new ASN1ObjectIdentifier("1.2.156.10260.4.1.1"), false, new DERPrintableString("not an identity number"));
        b.addExtension(new ASN1ObjectIdentifier("1.2.156.112562.9.9.9"), false, new DEROctetString(new byte[] {1, 2, 3}));
        return b.build(signer(signer));
    }

    byte[] list(X500Name issuer, KeyPair signer, int number, int base, int[]... entries) throws Exception {
        X509v2CRLBuilder b = new X509v2CRLBuilder(issuer, LISTED);
        b.setNextUpdate(NEXT);
        for (int[] entry : entries) {
            b.addCRLEntry(BigInteger.valueOf(entry[0]), LISTED, entry[1]);
        }
        b.addExtension(Extension.authorityKeyIdentifier, false, extensions.createAuthorityKeyIdentifier(signer.getPublic()));
        b.addExtension(Extension.cRLNumber, false, new CRLNumber(BigInteger.valueOf(number)));
        b.addExtension(Extension.issuingDistributionPoint, true, new IssuingDistributionPoint(place(), false, false));
        if (base > 0) {
            b.addExtension(Extension.deltaCRLIndicator, true, new CRLNumber(BigInteger.valueOf(base)));
        }
        return b.build(signer(signer)).getEncoded();
    }
}
