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

/// Byte strings in order.
pub(crate) mod byte_strings {
    use minicbor::bytes::{ByteSlice, ByteVec};

    use super::*;

    pub(crate) fn encode<C, W: Write>(
        strings: &[Vec<u8>],
        out: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        let strings: Vec<&ByteSlice> = strings.iter().map(|bytes| bytes.as_slice().into()).collect();
        out.encode(strings)?.ok()
    }

    pub(crate) fn decode<'b, C>(from: &mut Decoder<'b>, _: &mut C) -> Result<Vec<Vec<u8>>, decode::Error> {
        Ok(from.decode::<Vec<ByteVec>>()?.into_iter().map(Into::into).collect())
    }
}

/// Changes with their hashes, in order.
pub(crate) mod named_bytes {
    use minicbor::bytes::{ByteSlice, ByteVec};

    use super::*;
    use crate::hash::ChangeHash;

    pub(crate) fn encode<C, W: Write>(
        named: &[(ChangeHash, Vec<u8>)],
        out: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        let named: Vec<(ChangeHash, &ByteSlice)> =
            named.iter().map(|(hash, bytes)| (*hash, bytes.as_slice().into())).collect();
        out.encode(named)?.ok()
    }

    pub(crate) fn decode<'b, C>(
        from: &mut Decoder<'b>,
        _: &mut C,
    ) -> Result<Vec<(ChangeHash, Vec<u8>)>, decode::Error> {
        let named: Vec<(ChangeHash, ByteVec)> = from.decode()?;
        Ok(named.into_iter().map(|(hash, bytes)| (hash, bytes.into())).collect())
    }
}

/// Heads by unit.
pub(crate) mod by_unit {
    use std::collections::BTreeMap;

    use schemas::ids::UnitId;

    use super::*;
    use crate::hash::ChangeHash;

    pub(crate) fn encode<C, W: Write>(
        heads: &BTreeMap<UnitId, Vec<ChangeHash>>,
        out: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        let heads: Vec<(u64, &Vec<ChangeHash>)> = heads.iter().map(|(unit, heads)| (unit.0, heads)).collect();
        out.encode(heads)?.ok()
    }

    pub(crate) fn decode<'b, C>(
        from: &mut Decoder<'b>,
        _: &mut C,
    ) -> Result<BTreeMap<UnitId, Vec<ChangeHash>>, decode::Error> {
        let heads: Vec<(u64, Vec<ChangeHash>)> = from.decode()?;
        Ok(heads.into_iter().map(|(unit, heads)| (UnitId(unit), heads)).collect())
    }
}
