//! What is made of an uploaded image: three JPEGs without a word of what the original said beside its pixels.
//!
//! An upload is not trusted. It is what its first bytes say, whatever its name and header say; how large its picture is, is read before a
//! pixel is unpacked.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::metadata::Orientation;
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageFormat, ImageReader, Limits, Rgb, RgbImage};
use ring::digest::{Context, SHA256};
use yujie_domain::ImageHash;
use yujie_domain::cover::{Cover, CoverSize, ImageKind};

/// Bytes that an image may have.
pub const MOST_BYTES: usize = 8 * 1024 * 1024;
/// Pixels that an image may have: a page scanned at 600 dpi has 35 million.
pub const MOST_PIXELS: u64 = 40_000_000;
/// Pixels that a picture needs from side to side to be looked at.
pub const LEAST_WIDTH: u32 = 100;

/// Stands before the content when it is hashed. A change in what is made of an image is a change here: its files have other names then.
const RECIPE: &[u8] = b"cover 1\n";

/// Why an image is no cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Save it smaller.
    #[error("it has more than 8 MB")]
    TooLarge,
    /// Save it as one of the formats.
    #[error("it is not JPEG, PNG or WebP")]
    UnknownFormat,
    /// Take another file: this one ends too early or is damaged.
    #[error("it is damaged")]
    Damaged,
    /// Scale it down.
    #[error("{width} × {height} are more than 40 million pixels")]
    TooManyPixels {
        /// From side to side.
        width: u32,
        /// From top to bottom.
        height: u32,
    },
    /// Take a better picture.
    #[error("it has {width} pixels from side to side, and needs 100")]
    TooNarrow {
        /// From side to side.
        width: u32,
    },
    /// Cut it to what a book looks like.
    #[error("{width} × {height} is no shape of a book")]
    Shape {
        /// From side to side.
        width: u32,
        /// From top to bottom.
        height: u32,
    },
}

/// A cover with its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variants {
    /// What the original was.
    pub cover: Cover,
    /// A JPEG for each size.
    pub files: Vec<(CoverSize, Vec<u8>)>,
}

/// The name of an image by its content.
pub fn hash(content: &[u8]) -> Option<ImageHash> {
    let mut hashed = Context::new(&SHA256);
    hashed.update(RECIPE);
    hashed.update(content);
    let nibbles = hashed.finish().as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]).collect::<Vec<_>>();
    let hex: String =
        nibbles.into_iter().filter_map(|nibble| char::from_digit(u32::from(nibble), 16)).collect();
    ImageHash::parse(&hex).ok()
}

/// Makes the files of a cover. It takes some tenths of a second and, for the largest, some hundred megabytes.
///
/// # Errors
/// [`Unfit`].
pub fn make(content: &[u8]) -> Result<Variants, Unfit> {
    if content.len() > MOST_BYTES {
        return Err(Unfit::TooLarge);
    }
    let (format, kind) = format(content)?;
    let mut reader = ImageReader::with_format(Cursor::new(content), format);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(512 * 1024 * 1024);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|_| Unfit::Damaged)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let (width, height) = upright(decoder.dimensions(), orientation);
    check(width, height)?;

    let mut picture = DynamicImage::from_decoder(decoder).map_err(|_| Unfit::Damaged)?;
    picture.apply_orientation(orientation);
    let picture = near(opaque(picture));
    let files = CoverSize::ALL
        .into_iter()
        .map(|size| Ok((size, jpeg(&picture, size.width().min(width))?)))
        .collect::<Result<_, _>>()?;
    let hash = hash(content).ok_or(Unfit::Damaged)?;
    Ok(Variants { cover: Cover { hash, width, height, kind }, files })
}

/// The format, by the first bytes.
fn format(content: &[u8]) -> Result<(ImageFormat, ImageKind), Unfit> {
    match image::guess_format(content) {
        Ok(ImageFormat::Jpeg) => Ok((ImageFormat::Jpeg, ImageKind::Jpeg)),
        Ok(ImageFormat::Png) => Ok((ImageFormat::Png, ImageKind::Png)),
        Ok(ImageFormat::WebP) => Ok((ImageFormat::WebP, ImageKind::Webp)),
        Ok(_) | Err(_) => Err(Unfit::UnknownFormat),
    }
}

/// The dimensions once the picture is turned as its camera says.
fn upright((width, height): (u32, u32), orientation: Orientation) -> (u32, u32) {
    match orientation {
        Orientation::NoTransforms
        | Orientation::Rotate180
        | Orientation::FlipHorizontal
        | Orientation::FlipVertical => (width, height),
        Orientation::Rotate90
        | Orientation::Rotate270
        | Orientation::Rotate90FlipH
        | Orientation::Rotate270FlipH => (height, width),
    }
}

fn check(width: u32, height: u32) -> Result<(), Unfit> {
    let (wide, high) = (u64::from(width), u64::from(height));
    if wide * high > MOST_PIXELS {
        return Err(Unfit::TooManyPixels { width, height });
    }
    if width < LEAST_WIDTH {
        return Err(Unfit::TooNarrow { width });
    }
    // From a scroll of three times its width and more to an album twice as wide as high.
    if 10 * wide < 3 * high || wide > 2 * high {
        return Err(Unfit::Shape { width, height });
    }
    Ok(())
}

/// On white, where the original is transparent.
fn opaque(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let picture = picture.into_rgba8();
    let mut flat = RgbImage::new(picture.width(), picture.height());
    for (to, from) in flat.pixels_mut().zip(picture.pixels()) {
        let [red, green, blue, alpha] = from.0;
        *to = Rgb([red, green, blue].map(|channel| over_white(channel, alpha)));
    }
    flat
}

fn over_white(channel: u8, alpha: u8) -> u8 {
    let (channel, alpha) = (u16::from(channel), u16::from(alpha));
    u8::try_from((channel * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
}

/// At most twice as wide as the largest size: a quick mean of pixels, from which the slow filter has little left to do.
fn near(picture: RgbImage) -> RgbImage {
    let width = 2 * CoverSize::Large.width();
    if picture.width() <= width {
        return picture;
    }
    imageops::thumbnail(&picture, width, high(&picture, width))
}

/// As high as the picture is at this width.
fn high(picture: &RgbImage, width: u32) -> u32 {
    let (wide, high) = (u64::from(picture.width()).max(1), u64::from(picture.height()));
    let scaled = (high * u64::from(width) + wide / 2) / wide;
    u32::try_from(scaled).unwrap_or(u32::MAX).max(1)
}

fn jpeg(picture: &RgbImage, width: u32) -> Result<Vec<u8>, Unfit> {
    /// Where a page of print keeps its letters clean, and a photograph needs some 40 kB at 480 pixels.
    const QUALITY: u8 = 82;
    let scaled = imageops::resize(picture, width, high(picture, width), FilterType::Lanczos3);
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, QUALITY)
        .encode(&scaled, scaled.width(), scaled.height(), ExtendedColorType::Rgb8)
        .map_err(|_| Unfit::Damaged)?;
    Ok(file)
}

#[cfg(test)]
mod tests;
