//! What the server itself knows: units, accounts and their rights, devices, rounds.
//!
//! Plain types without I/O. Households, forms and standards are the business of `schemas`.

use thiserror::Error;

pub mod account;
pub mod blob;
pub mod bracket;
pub mod clue;
pub mod device;
pub mod field;
pub mod listing;
pub mod log;
pub mod opening;
pub mod points_table;
pub mod review;
pub mod role;
pub mod roster;
pub mod round;
pub mod unit;
pub mod warning;

/// A stored or sent code that its list does not know.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("unknown {list}: {found:?}")]
pub struct UnknownCode {
    /// Which list of codes.
    pub list: &'static str,
    /// What was found, cut to forty characters.
    pub found: String,
}

/// An enum whose variants are stored and sent as fixed codes.
macro_rules! codes {
    ($(#[$doc:meta])* $name:ident($list:literal) { $($(#[$variant_doc:meta])* $variant:ident = $code:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "&'static str")]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Every variant, in the order in which they are declared.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The code under which it is stored and sent.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::UnknownCode;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($code => Ok(Self::$variant),)+
                    _ => Err($crate::domain::UnknownCode { list: $list, found: text.chars().take(40).collect() }),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::domain::UnknownCode;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for &'static str {
            fn from(value: $name) -> Self {
                value.code()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(self.code())
            }
        }
    };
}
use codes;
