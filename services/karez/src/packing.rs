//! What is kept packed: `MessagePack` on its way into zstd, so that it lies nowhere unpacked as a whole when it is written.

use std::io::{self, BufWriter};

/// zstd's own default: a higher level packs little more and takes long.
const LEVEL: i32 = 3;
/// `MessagePack` comes a few bytes at a time, which the packer would take one by one.
const HANDFUL_BYTES: usize = 64 * 1024;

/// So many times larger is what a segment packs; room that stays empty costs nothing.
const USUALLY_PACKED: usize = 8;

/// Where `MessagePack` is written to be packed.
pub(crate) type Packer<'a> = BufWriter<zstd::Encoder<'static, &'a mut Vec<u8>>>;

/// Packs what `write` writes behind what is there, as one zstd frame.
///
/// # Errors
/// What cannot be written.
pub(crate) fn pack_onto(
    bytes: &mut Vec<u8>,
    write: impl FnOnce(&mut Packer<'_>) -> Result<(), rmp_serde::encode::Error>,
) -> Result<(), String> {
    let told = |error: io::Error| error.to_string();
    let encoder = zstd::Encoder::new(bytes, LEVEL).map_err(told)?;
    let mut out = BufWriter::with_capacity(HANDFUL_BYTES, encoder);
    write(&mut out).map_err(|error| error.to_string())?;
    let encoder = out.into_inner().map_err(|error| told(error.into_error()))?;
    encoder.finish().map_err(told)?;
    Ok(())
}

/// Unpacks into a room that may be used again and again: to make it costs about as much as to unpack what comes into it.
///
/// # Errors
/// What cannot be unpacked.
pub(crate) fn unpack_into(plain: &mut Vec<u8>, packed: &[u8]) -> Result<(), String> {
    plain.clear();
    plain.reserve(packed.len().saturating_mul(USUALLY_PACKED));
    zstd::stream::copy_decode(packed, plain).map_err(|error| error.to_string())
}
