// What Java says of certificates, each with each CRL alone: a line for each, "CERTIFICATE CRL good|revoked|no-crl".
import java.io.FileInputStream;
import java.security.cert.*;
import java.util.*;

public class CheckShards {
    public static void main(String[] arguments) throws Exception {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        X509Certificate authority = (X509Certificate) factory.generateCertificate(new FileInputStream(arguments[0]));
        List<String> certificates = new ArrayList<>(), lists = new ArrayList<>();
        for (String file : Arrays.asList(arguments).subList(1, arguments.length))
            (file.endsWith(".crl") ? lists : certificates).add(file);
        for (String certificate : certificates)
            for (String list : lists)
                System.out.println(certificate + " " + list + " " + check(factory, authority, certificate, list));
    }

    static String check(CertificateFactory factory, X509Certificate authority, String certificate, String list) throws Exception {
        CertPath path = factory.generateCertPath(List.of(factory.generateCertificate(new FileInputStream(certificate))));
        PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(authority, null)));
        CRL crl = factory.generateCRL(new FileInputStream(list));
        parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(List.of(crl))));
        CertPathValidator validator = CertPathValidator.getInstance("PKIX");
        PKIXRevocationChecker checker = (PKIXRevocationChecker) validator.getRevocationChecker();
        checker.setOptions(EnumSet.of(PKIXRevocationChecker.Option.PREFER_CRLS, PKIXRevocationChecker.Option.NO_FALLBACK));
        parameters.addCertPathChecker(checker);
        try {
            validator.validate(path, parameters);
            return "good";
        } catch (CertPathValidatorException problem) {
            return problem.getReason() == CertPathValidatorException.BasicReason.REVOKED ? "revoked" : "no-crl";
        }
    }
}
