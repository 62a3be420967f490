// Java's own path validation: it asks the responder that each certificate names, by GET.
import java.io.FileInputStream;
import java.security.cert.*;
import java.util.*;

public class Check {
    public static void main(String[] files) throws Exception {
        var factory = CertificateFactory.getInstance("X.509");
        var authority = (X509Certificate) factory.generateCertificate(new FileInputStream(files[0]));
        for (var file : Arrays.copyOfRange(files, 1, files.length)) {
            var path = factory.generateCertPath(List.of(factory.generateCertificate(new FileInputStream(file))));
            var validator = CertPathValidator.getInstance("PKIX");
            var checker = (PKIXRevocationChecker) validator.getRevocationChecker();
            checker.setOptions(EnumSet.of(PKIXRevocationChecker.Option.NO_FALLBACK));
            var parameters = new PKIXParameters(Set.of(new TrustAnchor(authority, null)));
            parameters.addCertPathChecker(checker);
            try {
                validator.validate(path, parameters);
                System.out.println(file + " good");
            } catch (CertPathValidatorException refused) {
                System.out.println(file + " " + refused.getReason());
            }
        }
    }
}
