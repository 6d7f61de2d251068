package onecert.check;

import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.util.ArrayList;
import java.util.List;

import org.bouncycastle.asn1.pkcs.Attribute;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.operator.ContentVerifierProvider;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.PKCS10CertificationRequestBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/** Certificate requests (RFC 2986). */
final class Request {
    private Request() {}

    /**
     * csr --alg SM2|RSA|EC [--bits N] [--curve NAME] --subject DN [--dns NAME]… [--ip ADDRESS]… --out F --key F:
     * a fresh key, written as PKCS#8, and a request signed with it. The attributes of DN are encoded in
     * the order they are written.
     */
    static void make(Arguments arguments, Answer answer) throws Exception {
        String algorithm = arguments.need("alg");
        X500Name subject = new X500Name(arguments.need("subject"));
        Path out = arguments.file("out");
        Path keyFile = arguments.file("key");
        KeyPair pair;
        String signature;
        switch (algorithm) {
            case "SM2" -> {
                pair = curve("sm2p256v1");
                signature = "SM3withSM2"; // user id 1234567812345678
            }
            case "EC" -> {
                pair = curve(arguments.get("curve", "P-256"));
                signature = "SHA256withECDSA";
            }
            case "RSA" -> {
                KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA", "BC");
                generator.initialize(Integer.parseInt(arguments.get("bits", "2048")));
                pair = generator.generateKeyPair();
                signature = "SHA256withRSA";
            }
            default -> throw new Arguments.Wrong("--alg is one of SM2, RSA, EC");
        }
        PKCS10CertificationRequestBuilder builder = new JcaPKCS10CertificationRequestBuilder(subject, pair.getPublic());
        addNames(arguments, builder);
        PKCS10CertificationRequest request =
                builder.build(new JcaContentSignerBuilder(signature).setProvider("BC").build(pair.getPrivate()));
        Material.writePem(out, "CERTIFICATE REQUEST", request.getEncoded());
        Material.writePem(keyFile, "PRIVATE KEY", pair.getPrivate().getEncoded());
        answer.put("subject", request.getSubject());
        answer.put("algorithm", request.getSignatureAlgorithm().getAlgorithm());
    }

    private static KeyPair curve(String name) throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", "BC");
        generator.initialize(new ECGenParameterSpec(name));
        return generator.generateKeyPair();
    }

    private static void addNames(Arguments arguments, PKCS10CertificationRequestBuilder builder) throws Exception {
        List<GeneralName> names = new ArrayList<>();
        arguments.all("dns").forEach(name -> names.add(new GeneralName(GeneralName.dNSName, name)));
        arguments.all("ip").forEach(address -> names.add(new GeneralName(GeneralName.iPAddress, address)));
        if (names.isEmpty()) {
            return;
        }
        ExtensionsGenerator extensions = new ExtensionsGenerator();
        extensions.addExtension(Extension.subjectAlternativeName, false,
                new GeneralNames(names.toArray(new GeneralName[0])));
        builder.addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions.generate());
    }

    /** csr-verify F: the proof of possession, SM2 with the user id 1234567812345678. */
    static void verify(Arguments arguments, Answer answer) throws Exception {
        JcaPKCS10CertificationRequest request =
                new JcaPKCS10CertificationRequest(Material.der(arguments.file())).setProvider("BC");
        ContentVerifierProvider verifier =
                new JcaContentVerifierProviderBuilder().setProvider("BC").build(request.getPublicKey());
        boolean holds = request.isSignatureValid(verifier);
        answer.put("signature", holds ? "ok" : "wrong");
        answer.put("subject", request.getSubject());
        answer.put("key", Dump.describe(request.getPublicKey()));
        answer.put("algorithm", request.getSignatureAlgorithm().getAlgorithm());
        for (Attribute attribute : request.getAttributes()) {
            answer.put("attribute", attribute.getAttrType());
        }
        Answer.require(holds, "the request is not signed with the key it names");
    }
}
