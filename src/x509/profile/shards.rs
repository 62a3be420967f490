//! CRL shards: one CRL for each of several parts of a CA's certificates.

use crate::x509::SerialNumber;

/// The place of the shard's number in a URL.
const PLACE: &str = "{shard}";

/// The CRLs among which the certificates of a profile are divided, each with its own URL.
///
/// The shard of a certificate follows from its serial number. So it is fixed when the serial number is drawn, the requester of a certificate cannot
/// choose it, and a plan that is built again has the same. The certificate names it in cRLDistributionPoints: from then on only that counts,
/// however many shards the profile has later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrlShards {
    before: String,
    after: String,
    count: u16,
}

impl CrlShards {
    /// The most shards.
    pub const MOST: u16 = 10_000;

    /// This many shards, numbered from 1; their URLs are the template with the number in place of `{shard}`. `None` unless the template has exactly
    /// one such place, and the count is from 1 to [`MOST`](Self::MOST).
    #[must_use]
    pub fn new(template: &str, count: u16) -> Option<Self> {
        let (before, after) = template.split_once(PLACE)?;
        let is_sound = !after.contains(PLACE) && (1..=Self::MOST).contains(&count);
        is_sound.then(|| Self {
            before: before.to_owned(),
            after: after.to_owned(),
            count,
        })
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> u16 {
        self.count
    }

    /// The shard of the certificate with this serial number: the last eight octets, modulo the number of shards, counted from 1.
    #[must_use]
    pub fn shard_of(&self, serial: &SerialNumber) -> u16 {
        let octets = serial.octets();
        let last = octets.len().saturating_sub(8);
        let number = octets[last..]
            .iter()
            .fold(0_u64, |number, octet| number << 8 | u64::from(*octet));
        u16::try_from(number % u64::from(self.count)).unwrap_or(0) + 1
    }

    /// The URL of a shard, and of its CRL's issuingDistributionPoint.
    #[must_use]
    pub fn url(&self, shard: u16) -> String {
        format!("{}{shard}{}", self.before, self.after)
    }

    /// The shard with this URL, even one from a time when the profile had more shards.
    #[must_use]
    pub fn shard_at(&self, url: &str) -> Option<u16> {
        let number = url.strip_prefix(&self.before)?.strip_suffix(&self.after)?;
        let shard = number.parse().ok().filter(|shard| *shard > 0)?;
        (self.url(shard) == url).then_some(shard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shards(count: u16) -> CrlShards {
        CrlShards::new("http://crl.example/{shard}.crl", count).unwrap()
    }

    #[test]
    fn every_shard_gets_its_part_of_the_serial_numbers() {
        let four = shards(4);
        let mut counts = [0; 4];
        for number in 0..4000_u64 {
            let serial = SerialNumber::from_octets([&[0x40; 12][..], &number.to_be_bytes()].concat());
            counts[usize::from(four.shard_of(&serial)) - 1] += 1;
        }
        assert_eq!(counts, [1000; 4]);
        assert_eq!(four.shard_of(&SerialNumber::from_octets([7])), 4);
        assert_eq!(four.shard_of(&SerialNumber::from_octets([8])), 1);
        let most = shards(CrlShards::MOST);
        assert!((1..=CrlShards::MOST).contains(&most.shard_of(&SerialNumber::from_octets([0x7f; 20]))));
    }

    #[test]
    fn a_url_belongs_to_its_shard_only() {
        let two = shards(2);
        assert_eq!(two.url(2), "http://crl.example/2.crl");
        for (url, shard) in [
            ("http://crl.example/2.crl", Some(2)),
            // From a time with more shards.
            ("http://crl.example/16.crl", Some(16)),
            ("http://crl.example/0.crl", None),
            ("http://crl.example/02.crl", None),
            ("http://crl.example/+2.crl", None),
            ("http://crl.example/.crl", None),
            ("http://crl.example/2.crl ", None),
            ("http://crl.example/65536.crl", None),
            ("http://crl.example/{shard}.crl", None),
            ("http://other.example/2.crl", None),
        ] {
            assert_eq!(two.shard_at(url), shard, "{url}");
        }
    }

    #[test]
    fn a_template_has_one_place_for_the_number() {
        for template in ["http://a/", "http://{shard}/{shard}", "http://a/{SHARD}"] {
            assert_eq!(CrlShards::new(template, 2), None, "{template}");
        }
        assert_eq!(CrlShards::new("http://a/{shard}", 0), None);
        assert_eq!(CrlShards::new("http://a/{shard}", CrlShards::MOST + 1), None);
    }
}
