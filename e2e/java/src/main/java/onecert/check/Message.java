package onecert.check;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAPrivateKey;
import java.util.Collection;

import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cms.CMSEnvelopedData;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.Recipient;
import org.bouncycastle.cms.RecipientInformation;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.cms.jcajce.JceKeyAgreeEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransEnvelopedRecipient;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/** Messages of RFC 5652. */
final class Message {
    private Message() {}

    /**
     * cms-decrypt --key K --in F --out F [--cert C]: opens an EnvelopedData with one recipient, RSA or EC.
     * With a certificate the content must be the PKCS#8 private key that belongs to it; it is then
     * written as PEM, otherwise as it is.
     */
    static void decrypt(Arguments arguments, Answer answer) throws Exception {
        PrivateKey key = Material.privateKey(arguments.file("key"));
        CMSEnvelopedData message = new CMSEnvelopedData(Material.der(arguments.file("in")));
        Collection<RecipientInformation> recipients = message.getRecipientInfos().getRecipients();
        Answer.require(recipients.size() == 1, "the message has " + recipients.size() + " recipients, not one");
        RecipientInformation recipient = recipients.iterator().next();
        answer.put("key_encryption", recipient.getKeyEncryptionAlgOID());
        answer.put("content_encryption", message.getEncryptionAlgOID());
        byte[] content = recipient.getContent(recipient(key));
        answer.put("length", content.length);
        if (arguments.get("cert", null) == null) {
            Files.write(arguments.file("out"), content);
            return;
        }
        Answer.require(belongs(content, Material.certificate(arguments.file("cert"))),
                "the private key does not belong to the certificate");
        Material.writePem(arguments.file("out"), "PRIVATE KEY", content);
        answer.put("certificate", "match");
    }

    /**
     * cms-verify --in F --cert C --out F: verifies a SignedData with its content inside and one
     * signer, who must be the holder of the certificate, and writes the content.
     */
    static void verify(Arguments arguments, Answer answer) throws Exception {
        CMSSignedData message = new CMSSignedData(Material.der(arguments.file("in")));
        Collection<SignerInformation> signers = message.getSignerInfos().getSigners();
        Answer.require(signers.size() == 1, "the message has " + signers.size() + " signers, not one");
        SignerInformation signer = signers.iterator().next();
        answer.put("digest", signer.getDigestAlgOID());
        answer.put("signature", signer.getEncryptionAlgOID());
        X509Certificate certificate = Material.certificate(arguments.file("cert"));
        Answer.require(signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(certificate)),
                "the signature is not the certificate's");
        Files.write(arguments.file("out"), (byte[]) message.getSignedContent().getContent());
        answer.put("valid", true);
    }

    private static Recipient recipient(PrivateKey key) {
        return key instanceof RSAPrivateKey
                ? new JceKeyTransEnvelopedRecipient(key).setProvider("BC")
                : new JceKeyAgreeEnvelopedRecipient(key).setProvider("BC");
    }

    /** Signs with the private key and verifies with the certificate. */
    private static boolean belongs(byte[] pkcs8, X509Certificate certificate) throws Exception {
        PrivateKey key = BouncyCastleProvider.getPrivateKey(PrivateKeyInfo.getInstance(pkcs8));
        String algorithm = key instanceof RSAPrivateKey ? "SHA256withRSA" : "SHA256withECDSA";
        Signature signature = Signature.getInstance(algorithm, "BC");
        byte[] text = "a text to sign".getBytes(StandardCharsets.US_ASCII);
        signature.initSign(key);
        signature.update(text);
        byte[] made = signature.sign();
        signature.initVerify(certificate.getPublicKey());
        signature.update(text);
        return signature.verify(made);
    }
}
