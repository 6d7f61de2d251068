package onecert.check;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;

import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemReader;
import org.bouncycastle.util.io.pem.PemWriter;

/** Certificates, CRLs and keys in files, PEM or DER. */
final class Material {
    private Material() {}

    static X509Certificate certificate(Path file) throws IOException, GeneralSecurityException, Answer.Refused {
        List<X509Certificate> all = certificates(file);
        Answer.require(all.size() == 1, file + " holds " + all.size() + " certificates, not one");
        return all.get(0);
    }

    static List<X509Certificate> certificates(Path file) throws IOException, GeneralSecurityException {
        List<X509Certificate> all = new ArrayList<>();
        for (byte[] der : blocks(file)) {
            all.add((X509Certificate) factory().generateCertificate(new ByteArrayInputStream(der)));
        }
        return all;
    }

    static X509CRL crl(Path file) throws IOException, GeneralSecurityException {
        X509CRL crl = (X509CRL) factory().generateCRL(new ByteArrayInputStream(der(file)));
        if (crl == null) {
            throw new IOException(file + " holds no CRL");
        }
        return crl;
    }

    private static CertificateFactory factory() throws GeneralSecurityException {
        return CertificateFactory.getInstance("X.509", "BC");
    }

    /** A private key in PEM: PKCS#8, or the traditional forms of RSA and EC. */
    static PrivateKey privateKey(Path file) throws IOException {
        try (PEMParser parser = new PEMParser(new StringReader(Files.readString(file)))) {
            JcaPEMKeyConverter converter = new JcaPEMKeyConverter().setProvider("BC");
            for (Object object = parser.readObject(); object != null; object = parser.readObject()) {
                if (object instanceof PrivateKeyInfo info) {
                    return converter.getPrivateKey(info);
                }
                if (object instanceof PEMKeyPair pair) {
                    return converter.getPrivateKey(pair.getPrivateKeyInfo());
                }
            }
        }
        throw new IOException(file + " holds no private key");
    }

    /** The first object of a file, in DER. */
    static byte[] der(Path file) throws IOException {
        return blocks(file).get(0);
    }

    private static List<byte[]> blocks(Path file) throws IOException {
        byte[] content = Files.readAllBytes(file);
        String text = new String(content, StandardCharsets.ISO_8859_1);
        if (!text.contains("-----BEGIN ")) {
            return List.of(content);
        }
        List<byte[]> blocks = new ArrayList<>();
        try (PemReader reader = new PemReader(new StringReader(text))) {
            for (PemObject object = reader.readPemObject(); object != null; object = reader.readPemObject()) {
                blocks.add(object.getContent());
            }
        }
        if (blocks.isEmpty()) {
            throw new IOException(file + " is not valid PEM");
        }
        return blocks;
    }

    static void writePem(Path file, String kind, byte[] der) throws IOException {
        StringWriter text = new StringWriter();
        try (PemWriter writer = new PemWriter(text)) {
            writer.writeObject(new PemObject(kind, der));
        }
        Files.writeString(file, text.toString());
    }
}
