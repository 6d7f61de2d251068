package onecert.check;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.util.Collections;

import org.bouncycastle.util.encoders.Hex;

/**
 * store --in F --password FILE --signature NAME: opens a PKCS#12 file, which verifies its MAC, and
 * checks for each key that what it signs verifies with its certificate.
 */
final class Store {
    private Store() {}

    static void run(Arguments arguments, Answer answer) throws Exception {
        char[] password = Files.readString(arguments.file("password"), StandardCharsets.UTF_8).strip().toCharArray();
        String name = arguments.need("signature");
        KeyStore store = KeyStore.getInstance("PKCS12", "BC");
        try (InputStream in = Files.newInputStream(arguments.file("in"))) {
            store.load(in, password);
        }
        int keys = 0;
        for (String alias : Collections.list(store.aliases())) {
            if (!store.isKeyEntry(alias)) {
                continue;
            }
            keys++;
            Certificate[] chain = store.getCertificateChain(alias);
            answer.put("chain", chain.length);
            answer.put("certificate", Hex.toHexString(chain[0].getEncoded()));
            byte[] text = "text".getBytes(StandardCharsets.UTF_8);
            Signature signature = Signature.getInstance(name, "BC");
            signature.initSign((PrivateKey) store.getKey(alias, password));
            signature.update(text);
            byte[] made = signature.sign();
            signature.initVerify(chain[0].getPublicKey());
            signature.update(text);
            Answer.require(signature.verify(made), "the key does not belong to its certificate");
        }
        answer.put("keys", keys);
    }
}
