package onecert.check;

import java.math.BigInteger;
import java.security.KeyFactory;
import java.security.PrivateKey;

import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;

import org.bouncycastle.asn1.ASN1BitString;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.crypto.engines.SM2Engine;
import org.bouncycastle.crypto.params.ECDomainParameters;
import org.bouncycastle.crypto.params.ECPrivateKeyParameters;
import org.bouncycastle.jce.ECNamedCurveTable;
import org.bouncycastle.jce.interfaces.ECPrivateKey;
import org.bouncycastle.jce.interfaces.ECPublicKey;
import org.bouncycastle.jce.spec.ECNamedCurveParameterSpec;
import org.bouncycastle.jce.spec.ECPrivateKeySpec;
import org.bouncycastle.math.ec.ECPoint;
import org.bouncycastle.util.Arrays;
import org.bouncycastle.util.BigIntegers;
import org.bouncycastle.util.encoders.Hex;

/**
 * envelope --key SIGNKEY --der F --out KEY [--cert ENCCERT]: opens an SM2EnvelopedKey (GB/T 35276 7.4)
 * and writes the private key as PKCS#8, after checking that it belongs to the public key beside
 * it and to the certificate.
 */
final class KeyEnvelope {
    private KeyEnvelope() {}

    private static final ECNamedCurveParameterSpec CURVE = ECNamedCurveTable.getParameterSpec("sm2p256v1");
    private static final String SM4_ECB = "1.2.156.10197.1.104.1";

    static void run(Arguments arguments, Answer answer) throws Exception {
        PrivateKey holder = Material.privateKey(arguments.file("key"));
        ASN1Sequence envelope = ASN1Sequence.getInstance(Material.der(arguments.file("der")));
        Answer.require(envelope.size() == 4, "an SM2EnvelopedKey has four parts");
        String algorithm = AlgorithmIdentifier.getInstance(envelope.getObjectAt(0)).getAlgorithm().getId();
        answer.put("algorithm", algorithm);
        Answer.require(algorithm.equals(SM4_ECB), "the private key is not under SM4-ECB");

        byte[] contentKey = decrypt(holder, ASN1Sequence.getInstance(envelope.getObjectAt(1)));
        byte[] sealed = ASN1BitString.getInstance(envelope.getObjectAt(3)).getOctets();
        Answer.require(contentKey.length == 16, "the content key has " + contentKey.length + " octets, not 16");
        Answer.require(sealed.length == 32, "the sealed private key has " + sealed.length + " octets, not 32");
        Cipher cipher = Cipher.getInstance("SM4/ECB/NoPadding", "BC");
        cipher.init(Cipher.DECRYPT_MODE, new SecretKeySpec(contentKey, "SM4"));
        BigInteger d = BigIntegers.fromUnsignedByteArray(cipher.doFinal(sealed));
        Answer.require(d.signum() > 0 && d.compareTo(CURVE.getN()) < 0, "the private key is no scalar of the curve");

        byte[] point = ASN1BitString.getInstance(envelope.getObjectAt(2)).getOctets();
        answer.put("public", Hex.toHexString(point));
        ECPoint own = CURVE.getG().multiply(d).normalize();
        Answer.require(Arrays.areEqual(own.getEncoded(false), point),
                "the private key does not belong to the public key beside it");
        KeyFactory factory = KeyFactory.getInstance("EC", "BC");
        if (arguments.get("cert", null) != null) {
            ECPublicKey certified = (ECPublicKey) factory.translateKey(
                    Material.certificate(arguments.file("cert")).getPublicKey());
            Answer.require(certified.getQ().equals(own), "the certificate is for another key");
            answer.put("certificate", "match");
        }
        PrivateKey key = factory.generatePrivate(new ECPrivateKeySpec(d, CURVE));
        Material.writePem(arguments.file("out"), "PRIVATE KEY", key.getEncoded());
        answer.put("matches", true);
    }

    /** Opens an SM2Cipher: SEQUENCE { x, y, hash, cipher }, that is C1, C3, C2. */
    private static byte[] decrypt(PrivateKey holder, ASN1Sequence parts) throws Exception {
        Answer.require(parts.size() == 4, "an SM2Cipher has four parts");
        byte[] joined = Arrays.concatenate(new byte[][] {
            {4},
            BigIntegers.asUnsignedByteArray(32, ASN1Integer.getInstance(parts.getObjectAt(0)).getPositiveValue()),
            BigIntegers.asUnsignedByteArray(32, ASN1Integer.getInstance(parts.getObjectAt(1)).getPositiveValue()),
            ASN1OctetString.getInstance(parts.getObjectAt(2)).getOctets(),
            ASN1OctetString.getInstance(parts.getObjectAt(3)).getOctets(),
        });
        SM2Engine engine = new SM2Engine(SM2Engine.Mode.C1C3C2);
        ECDomainParameters domain = new ECDomainParameters(CURVE.getCurve(), CURVE.getG(), CURVE.getN(), CURVE.getH());
        engine.init(false, new ECPrivateKeyParameters(((ECPrivateKey) holder).getD(), domain));
        return engine.processBlock(joined, 0, joined.length);
    }
}
