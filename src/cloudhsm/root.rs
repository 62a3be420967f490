//! The roots that certify CloudHSM's hardware, by the SHA-256 of their certificates.

/// The owner of a root: an identity needs one root of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RootSide {
    /// AWS
    Aws,
    /// The maker of the HSMs
    Manufacturer,
}

impl RootSide {
    /// Its name in messages.
    #[must_use]
    pub const fn owner(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::Manufacturer => "the manufacturer",
        }
    }
}

/// A root that is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownRoot {
    /// Its name in messages.
    pub name: &'static str,
    /// Its owner.
    pub side: RootSide,
    /// SHA-256 of its DER bytes, in lower-case hex.
    pub sha256: &'static str,
    /// The later certificate of the same key, for a root that has expired but is still accepted.
    pub successor: Option<Successor>,
}

/// A later certificate of a root, with the same name and the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Successor {
    /// Its last second, in seconds since 1970: the holder of the key certifies nothing after it.
    pub ends: u64,
    /// The explanation for messages.
    pub what: &'static str,
}

impl KnownRoot {
    /// The first is named in AWS CloudHSM User Guide, "Verify the identity and authenticity of your cluster's HSM"; the others are on the
    /// manufacturer's site ("LiquidSecurity certificate").
    pub const ALL: [Self; 3] = [
        Self {
            name: "AWS CloudHSM Root G1",
            side: RootSide::Aws,
            sha256: "9c6958fcacbb6f0e36546be1f2ce59ad84ee206835e6977f697d30dce9a7b570",
            successor: None,
        },
        // Reissued in 2024 with the same name and the same key: the holder of that key certifies the same hardware.
        Self {
            name: "LiquidSecurity root of 2015",
            side: RootSide::Manufacturer,
            sha256: "975757f0d76640e03d14760f8fc9e3a55826fa7807b2c392f7801a95bd69cc28",
            successor: Some(Successor {
                ends: 2_037_299_360,
                what: "the manufacturer reissued it with the same name and key, valid until 2034-07-23: use the LiquidSecurity root of 2024",
            }),
        },
        Self {
            name: "LiquidSecurity root of 2024",
            side: RootSide::Manufacturer,
            sha256: "230143df00e0b452743e068a5b3fc08df8f06cefc4854ea627aeb7ebd70ee2f4",
            successor: None,
        },
    ];

    /// The root with this fingerprint.
    #[must_use]
    pub fn recognise(sha256: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|root| root.sha256.eq_ignore_ascii_case(sha256))
    }
}
