//! The software tokens that a test rig can consist of. `softhsm` and `kryoptic` hold their differences, as data.

mod kryoptic;
mod softhsm;

use std::fmt;
use std::path::{Path, PathBuf};

use super::{ModuleDescription, TokenDescription};

/// A software token that a test rig can consist of: [`RigToken::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct RigToken {
    pub(super) name: &'static str,
    pub(super) product: &'static str,
    pub(super) package: &'static str,
    pub(super) usual_paths: &'static [&'static str],
    pub(super) built_as: Option<&'static str>,
    /// `manufacturerID` of `C_GetInfo` and of `C_GetTokenInfo`.
    pub(super) manufacturers: [&'static str; 2],
    pub(super) variable: &'static str,
    pub(super) configuration_file: &'static str,
    /// The text of the configuration file, for a directory with tokens.
    pub(super) configuration: fn(&Path) -> String,
    /// The reverse: where such a text says that the tokens are.
    pub(super) stores: fn(&str) -> Vec<PathBuf>,
}

impl RigToken {
    /// Every kind; the first is the default.
    pub const ALL: [Self; 2] = [Self::SOFTHSM, Self::KRYOPTIC];

    /// Its name on the command line, as `softhsm`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The product's own name, as `SoftHSM`.
    #[must_use]
    pub const fn product(&self) -> &'static str {
        self.product
    }

    /// How to install it.
    #[must_use]
    pub const fn package(&self) -> &'static str {
        self.package
    }

    /// The first of its modules that exists at one of the usual paths.
    #[must_use]
    pub fn find_module(&self) -> Option<PathBuf> {
        self.usual_paths
            .iter()
            .map(PathBuf::from)
            .find(|path| path.is_file())
    }

    /// The file that a build of this repository puts beside the program, if it makes a module of this kind.
    #[must_use]
    pub const fn built_as(&self) -> Option<&'static str> {
        self.built_as
    }

    /// The environment variable that names its configuration file.
    #[must_use]
    pub const fn variable(&self) -> &'static str {
        self.variable
    }

    /// The usual name of its configuration file.
    #[must_use]
    pub const fn configuration_file(&self) -> &'static str {
        self.configuration_file
    }

    /// The text of a configuration file that keeps the tokens in `token_directory`, which must be absolute.
    #[must_use]
    pub fn configuration(&self, token_directory: &Path) -> String {
        (self.configuration)(token_directory)
    }

    /// Where a module with this configuration keeps its tokens: SoftHSM in a directory, Kryoptic in files. Empty if the text does not say.
    #[must_use]
    pub fn stores(&self, configuration: &str) -> Vec<PathBuf> {
        (self.stores)(configuration)
    }

    /// Whether the module and all its tokens report that they are this product.
    pub(super) fn made<'a>(
        &self,
        module: &ModuleDescription,
        tokens: impl IntoIterator<Item = &'a TokenDescription>,
    ) -> bool {
        let [of_module, of_token] = self.manufacturers;
        module.manufacturer == of_module && tokens.into_iter().all(|token| token.manufacturer == of_token)
    }
}

/// By name, because each name exists once.
impl PartialEq for RigToken {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for RigToken {}

impl fmt::Display for RigToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.product)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_says_where_the_tokens_are() {
        let directory = Path::new("/rig/with \\ and space/tokens");
        for kind in RigToken::ALL {
            let stores = kind.stores(&kind.configuration(directory));
            let [store] = stores.as_slice() else {
                panic!("{kind}: {stores:?}")
            };
            assert!(store.starts_with(directory), "{kind}: {store:?}");
            assert!(kind.stores("").is_empty() && kind.stores("= [").is_empty());
        }
        let spelt = "#directories.tokendir = /no\n  directories.tokendir=/a b/c  # the tokens\n";
        assert_eq!(RigToken::SOFTHSM.stores(spelt), [Path::new("/a b/c")]);
    }
}
