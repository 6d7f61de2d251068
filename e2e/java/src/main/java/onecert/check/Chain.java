package onecert.check;

import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * chain --root R [--chain C] --leaf L [--at TIME] [--crl F]… [--explicit yes]: path validation (RFC 5280 6) from
 * the leaf through the chain file, in that order, to the root, which may be any CA one believes.
 * With CRLs every certificate of the path must be covered by one of them and stand in none.
 */
final class Chain {
    private Chain() {}

    static void run(Arguments arguments, Answer answer) throws Exception {
        X509Certificate root = Material.certificate(arguments.file("root"));
        List<X509Certificate> path = new ArrayList<>();
        path.add(Material.certificate(arguments.file("leaf")));
        if (arguments.get("chain", null) != null) {
            path.addAll(Material.certificates(arguments.file("chain")));
        }
        // A trust anchor is believed without a look at its own signature; a root's is looked at here.
        if (root.getSubjectX500Principal().equals(root.getIssuerX500Principal())) {
            root.verify(root.getPublicKey(), "BC");
        }
        Answer.require(root.getBasicConstraints() >= 0, "the root is no CA certificate");

        PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
        parameters.setDate(arguments.at());
        parameters.setExplicitPolicyRequired(arguments.get("explicit", null) != null);
        parameters.setRevocationEnabled(!arguments.all("crl").isEmpty());
        List<Object> lists = new ArrayList<>();
        for (String file : arguments.all("crl")) {
            lists.add(Material.crl(Path.of(file)));
        }
        parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(lists), "BC"));
        CertPath certPath = CertificateFactory.getInstance("X.509", "BC").generateCertPath(path);
        try {
            CertPathValidator.getInstance("PKIX", "BC").validate(certPath, parameters);
        } catch (CertPathValidatorException e) {
            answer.put("valid", false);
            answer.put("depth", e.getIndex()); // 0 is the leaf
            throw e;
        }
        answer.put("valid", true);
        answer.put("length", path.size());
        answer.put("subject", path.get(0).getSubjectX500Principal());
        answer.put("trust", root.getSubjectX500Principal());
        answer.put("algorithm", path.get(0).getSigAlgOID());
    }
}
