//! The subject of the request that an HSM of AWS CloudHSM makes for its cluster.

use der::asn1::Any;
use der::{Decode, Tag, Tagged};
use x509_cert::name::RdnSequence;

use super::{COMMON_NAME, Name, text_of};

/// The text that may follow the partition's number.
const MODES: [&str; 3] = ["", ", for FIPS mode", ", for non-FIPS mode"];

impl Name {
    /// True if the subject has the form of a CloudHSM partition's: one RDN with several attributes, none of them commonName, that names the maker
    /// of the HSM, then only `CN=HSM:<identifier>:PARTN:<number>`, with `, for FIPS mode` or `, for non-FIPS mode` after it (AWS CloudHSM User
    /// Guide, "Initialize the cluster"; a CSR in AWS's workshop). The values of the first RDN differ between generations and are not compared.
    ///
    /// This distinguishes an HSM's request from others. It proves nothing: anyone can make a request with such a subject.
    #[must_use]
    pub fn is_of_hsm_partition(&self) -> bool {
        let names = RdnSequence::from_der(self.der()).unwrap_or_default();
        let rdns: Vec<_> = names.iter().collect();
        let [maker, partition] = rdns[..] else {
            return false;
        };
        let is_common_name = |oid| oid == COMMON_NAME;
        let is_of_maker = maker.len() > 1 && !maker.iter().any(|attribute| is_common_name(attribute.oid));
        let mut attributes = partition.iter();
        match (attributes.next(), attributes.next()) {
            (Some(attribute), None) => {
                is_of_maker && is_common_name(attribute.oid) && names_partition(&attribute.value)
            }
            _ => false,
        }
    }
}

fn names_partition(value: &Any) -> bool {
    if !matches!(value.tag(), Tag::Utf8String | Tag::PrintableString) {
        return false;
    }
    let split = text_of(value)
        .and_then(|text| text.strip_prefix("HSM:"))
        .and_then(|text| text.split_once(":PARTN:"));
    let Some((identifier, rest)) = split else {
        return false;
    };
    let is_identifier = |character: char| character.is_ascii_alphanumeric() || "-.".contains(character);
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let mode = rest.get(digits..);
    !identifier.is_empty()
        && identifier.chars().all(is_identifier)
        && digits > 0
        && mode.is_some_and(|mode| MODES.contains(&mode))
}

#[cfg(test)]
mod tests {
    use der::Encode;
    use x509_cert::attr::AttributeTypeAndValue;

    use super::*;

    const MAKER: &str = "L=SanJose+OU=N3FIPS+O=Cavium+ST=CA+C=US";
    const PARTITION: &str = "CN=HSM:81DEFFDA049E8299C82C99C462ED09:PARTN:11\\, for FIPS mode";

    fn rdns(text: &str) -> RdnSequence {
        text.parse().unwrap()
    }

    fn is_one(names: &RdnSequence) -> bool {
        Name::from_der(&names.to_der().unwrap())
            .unwrap()
            .is_of_hsm_partition()
    }

    /// A partition's subject with this value as its commonName.
    fn with_common_name(tag: Tag, value: &[u8]) -> bool {
        let mut names = rdns(MAKER);
        let attribute = AttributeTypeAndValue {
            oid: COMMON_NAME,
            value: Any::new(tag, value).unwrap(),
        };
        names.push(vec![attribute].try_into().unwrap());
        is_one(&names)
    }

    #[test]
    fn the_subject_of_an_hsm_of_either_generation_is_recognised() {
        for (maker, partition) in [
            (MAKER, PARTITION),
            (
                MAKER,
                "CN=HSM:0123456789ABCDEF0123456789ABCD:PARTN:13\\, for non-FIPS mode",
            ),
            (
                "O=Marvell+L=SanJose+OU=LS2+ST=CA+C=US",
                "CN=HSM:RCN2109B00110:PARTN:4\\, for FIPS mode",
            ),
            (MAKER, "CN=HSM:5.2G1747-ICM000049:PARTN:1"),
        ] {
            assert!(
                is_one(&rdns(&format!("{partition},{maker}"))),
                "{partition},{maker}"
            );
        }
        assert!(with_common_name(
            Tag::PrintableString,
            b"HSM:0123:PARTN:1, for FIPS mode"
        ));
    }

    #[test]
    fn a_subject_that_only_looks_like_an_hsms_is_not_recognised() {
        for (text, why) in [
            (PARTITION.to_owned(), "no maker"),
            (format!("{MAKER},{PARTITION}"), "the wrong way round"),
            (format!("{PARTITION},O=Cavium"), "the maker has one attribute"),
            (
                format!("{PARTITION},OU=N3FIPS,O=Cavium"),
                "one attribute in each RDN",
            ),
            (format!("{PARTITION},{MAKER},O=Example"), "an RDN more at the top"),
            (format!("CN=x,{PARTITION},{MAKER}"), "an RDN more at the bottom"),
            (
                format!("{PARTITION}+OU=x,{MAKER}"),
                "an attribute beside the commonName",
            ),
            (format!("{PARTITION},{MAKER}+CN=x"), "a second commonName"),
            (format!("OU={},{MAKER}", &PARTITION[3..]), "not a commonName"),
            (
                format!("O={}\\,{MAKER}", PARTITION.replace("CN=", "CN\\=")),
                "all of it in one value",
            ),
        ] {
            assert!(!is_one(&rdns(&text)), "{why}: {text}");
        }
    }

    #[test]
    fn a_common_name_that_is_only_similar_is_not_recognised() {
        for value in [
            "",
            "HSM:",
            "HSM:0123",
            "HSM:0123, for FIPS mode",
            "HSM::PARTN:1",
            "HSM:0123:PARTN:",
            "HSM:0123:PARTN:x",
            "HSM:0123:PARTN:1x",
            "HSM:0123:PARTN:-1",
            "HSM:0123:PARTN:1, for FIPS mode ",
            " HSM:0123:PARTN:1",
            "hsm:0123:PARTN:1",
            "HSM:0123:partn:1",
            "HSM:01 23:PARTN:1",
            "HSM:0123:PARTN:1.example.com",
            "HSM:0123:PARTN:1, for FIPS mode, for FIPS mode",
            "HSM:0123:PARTN:1:PARTN:2",
            "HSM:0123:PARTN:\u{661}",
            "HSM:\u{430}123:PARTN:1",
            "HSM:0123:PARTN:1\0",
            "HSM:0123:PARTN:1\nx",
            "www.example.com/HSM:0123:PARTN:1",
        ] {
            assert!(!with_common_name(Tag::Utf8String, value.as_bytes()), "{value:?}");
        }
        let value = b"HSM:0123:PARTN:1";
        assert!(with_common_name(Tag::Utf8String, value));
        for tag in [Tag::Ia5String, Tag::TeletexString, Tag::OctetString] {
            assert!(!with_common_name(tag, value), "{tag}");
        }
        assert!(!with_common_name(Tag::Utf8String, b"HSM:\xff:PARTN:1"));
    }
}
