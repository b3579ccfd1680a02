//! CBOR forms of ids that `schemas` owns: `schemas` knows no CBOR, so each gets a module for `#[cbor(with = …)]`.

use minicbor::decode::{self, Decoder};
use minicbor::encode::{self, Encoder, Write};

macro_rules! bytes_as_cbor {
    ($module:ident, $id:ident) => {
        pub(crate) mod $module {
            use schemas::ids::$id;

            use super::*;

            pub(crate) fn encode<C, W: Write>(
                id: &$id,
                out: &mut Encoder<W>,
                _: &mut C,
            ) -> Result<(), encode::Error<W::Error>> {
                out.bytes(&id.0)?.ok()
            }

            pub(crate) fn decode<'b, C>(from: &mut Decoder<'b>, _: &mut C) -> Result<$id, decode::Error> {
                let at = from.position();
                let bytes = from.bytes()?;
                bytes.try_into().map($id).map_err(|_| decode::Error::message("id: wrong length").at(at))
            }
        }
    };
}

macro_rules! number_as_cbor {
    ($module:ident, $id:ident) => {
        pub(crate) mod $module {
            use schemas::ids::$id;

            use super::*;

            pub(crate) fn encode<C, W: Write>(
                id: &$id,
                out: &mut Encoder<W>,
                _: &mut C,
            ) -> Result<(), encode::Error<W::Error>> {
                out.u64(id.0)?.ok()
            }

            pub(crate) fn decode<'b, C>(from: &mut Decoder<'b>, _: &mut C) -> Result<$id, decode::Error> {
                from.u64().map($id)
            }
        }
    };
}

bytes_as_cbor!(household_id, HouseholdId);
number_as_cbor!(account_id, AccountId);
number_as_cbor!(unit_id, UnitId);

/// A round's name.
pub(crate) mod round_id {
    use schemas::ids::RoundId;

    use super::*;

    pub(crate) fn encode<C, W: Write>(
        id: &RoundId,
        out: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        out.str(id.as_str())?.ok()
    }

    pub(crate) fn decode<'b, C>(from: &mut Decoder<'b>, _: &mut C) -> Result<RoundId, decode::Error> {
        let at = from.position();
        from.str()?.parse().map_err(|error| decode::Error::message(error).at(at))
    }
}
