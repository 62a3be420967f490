//! Key types in three spellings: this program's (`rsa:2048`), that of AWS KMS (`RSA_2048`), and that of the results (`RSA 2048`).

use hsm_ca::kms::KeySpec;
use hsm_ca::signer::KeyAlgorithm;

use super::suggest::Unknown;

/// The type of a key to generate on a token.
pub(super) fn parse(text: &str) -> Result<KeyAlgorithm, Unknown> {
    let names: Vec<_> = KeyAlgorithm::names().collect();
    let known = |algorithm: &KeyAlgorithm| names.iter().any(|name| name.parse() == Ok(*algorithm));
    let own = text.to_ascii_lowercase().replace('_', "-").parse().ok();
    let of_kms = || {
        text.to_ascii_uppercase()
            .parse::<KeySpec>()
            .ok()
            .map(KeySpec::algorithm)
    };
    let shown = || {
        let mut all = names.iter().filter_map(|name| name.parse::<KeyAlgorithm>().ok());
        all.find(|algorithm| algorithm.to_string().eq_ignore_ascii_case(text))
    };
    own.or_else(of_kms)
        .or_else(shown)
        .filter(known)
        .ok_or_else(|| Unknown::among(text, &names))
}

/// The type of a key pair for KMS to generate.
#[cfg(feature = "aws")]
pub(super) fn parse_spec(text: &str) -> Result<KeySpec, Unknown> {
    let specs = || {
        KeySpec::names()
            .into_iter()
            .filter_map(|name| name.parse::<KeySpec>().ok())
    };
    let named = || text.to_ascii_uppercase().parse().ok();
    let meant = parse(text).ok();
    specs()
        .find(|spec| Some(spec.algorithm()) == meant)
        .or_else(named)
        .ok_or_else(|| Unknown::among(text, &KeySpec::names()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_name_the_same_key() {
        for (one, other) in [
            ("rsa:2048", "RSA_2048"),
            ("rsa:4096", "rsa_4096"),
            ("ec:p256", "ECC_NIST_P256"),
            ("ec:p521", "EC:P521"),
            ("ed25519", "ECC_NIST_EDWARDS25519"),
            ("ml-dsa-65", "ML_DSA_65"),
            ("rsa:3072", "RSA 3072"),
            ("ec:p256", "ec P-256"),
        ] {
            assert_eq!(parse(one), parse(other), "{one}");
            assert!(parse(one).is_ok(), "{one}");
        }
        // Not a type for tokens.
        assert!(parse("ECC_SECG_P256K1").is_err());
        for wrong in ["", "rsa", "rsa:1024", "RSA_2048 ", "ec:p256k1"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(
            parse("rsa:2084")
                .unwrap_err()
                .to_string()
                .starts_with("did you mean rsa:2048?")
        );
    }

    #[test]
    #[cfg(feature = "aws")]
    fn kms_gets_its_own_spelling() {
        for (text, spec) in [
            ("rsa:3072", "RSA_3072"),
            ("ec:p384", "ECC_NIST_P384"),
            ("ecc_secg_p256k1", "ECC_SECG_P256K1"),
            ("ed25519", "ECC_NIST_EDWARDS25519"),
        ] {
            assert_eq!(parse_spec(text).map(|spec| spec.to_string()), Ok(spec.to_owned()));
        }
        assert!(parse_spec("ml-dsa-65").is_err() && parse_spec("SM2").is_err());
    }
}
