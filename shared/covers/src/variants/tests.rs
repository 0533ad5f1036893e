use image::{DynamicImage, GenericImageView, Rgba, RgbaImage};
use proptest::prelude::*;

use super::*;

/// Red above, blue below: which way is up can be seen.
fn picture(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(
        width,
        height,
        |_, y| if y < height / 2 { Rgb([220, 20, 20]) } else { Rgb([20, 20, 220]) },
    )
}

fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.into().write_to(&mut file, format).unwrap();
    file.into_inner()
}

fn decoded(file: &[u8]) -> RgbImage {
    assert_eq!(image::guess_format(file).unwrap(), ImageFormat::Jpeg);
    image::load_from_memory(file).unwrap().into_rgb8()
}

fn is_red(pixel: Rgb<u8>) -> bool {
    let [red, _, blue] = pixel.0;
    red > 150 && blue < 90
}

/// A JPEG with an EXIF block that says how the camera was held, where it was, and whose it is.
fn photographed(picture: RgbImage, orientation: u8) -> Vec<u8> {
    let plain = encoded(picture, ImageFormat::Jpeg);
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    exif.extend(b"Camera of Zhang San, 39.9N 116.4E");
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    let (start, rest) = plain.split_at(2);
    [start, &[0xff, 0xe1], &length, &exif, rest].concat()
}

/// The beginning of a PNG that says it is this large, and nothing more.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut file = encoded(picture(120, 160), ImageFormat::Png);
    file[16..20].copy_from_slice(&width.to_be_bytes());
    file[20..24].copy_from_slice(&height.to_be_bytes());
    let checked = crc32(&file[12..29]);
    file[29..33].copy_from_slice(&checked.to_be_bytes());
    file
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 },
        )
    })
}

#[test]
fn each_format_becomes_three_jpegs() {
    for (format, kind) in [
        (ImageFormat::Jpeg, ImageKind::Jpeg),
        (ImageFormat::Png, ImageKind::Png),
        (ImageFormat::WebP, ImageKind::Webp),
    ] {
        let made = make(&encoded(picture(600, 840), format)).unwrap();

        assert_eq!((made.cover.width, made.cover.height, made.cover.kind), (600, 840, kind));
        let sizes: Vec<_> =
            made.files.iter().map(|(size, file)| (*size, decoded(file).dimensions())).collect();
        let expected =
            [(CoverSize::Small, (120, 168)), (CoverSize::Medium, (240, 336)), (CoverSize::Large, (480, 672))];
        assert_eq!(sizes, expected, "{format:?}");
    }
}

#[test]
fn a_small_picture_is_not_made_larger() {
    let made = make(&encoded(picture(200, 280), ImageFormat::Png)).unwrap();
    let widths: Vec<u32> = made.files.iter().map(|(_, file)| decoded(file).width()).collect();
    assert_eq!(widths, [120, 200, 200]);
}

#[test]
fn a_large_picture_keeps_its_colours() {
    let made = make(&encoded(picture(2400, 3200), ImageFormat::Jpeg)).unwrap();
    let large = decoded(&made.files[2].1);
    assert_eq!(large.dimensions(), (480, 640));
    assert!(is_red(*large.get_pixel(240, 40)) && !is_red(*large.get_pixel(240, 600)));
    assert!(made.files.iter().all(|(_, file)| file.len() < 60_000));
}

#[test]
fn the_picture_stands_as_the_camera_was_held_and_what_the_camera_wrote_is_gone() {
    // Held with its right side down: the sensor's left edge is the picture's top.
    let lying = imageops::rotate270(&picture(300, 420));
    let file = photographed(lying, 6);
    assert!(file.windows(9).any(|part| part == b"Zhang San"));

    let made = make(&file).unwrap();

    assert_eq!((made.cover.width, made.cover.height), (300, 420));
    for (_, file) in &made.files {
        let upright = decoded(file);
        assert!(upright.height() > upright.width());
        assert!(is_red(*upright.get_pixel(upright.width() / 2, 10)));
        assert!(!is_red(*upright.get_pixel(upright.width() / 2, upright.height() - 10)));
        assert!(!file.windows(4).any(|part| part == b"Exif" || part == b"Zhan"));
    }
}

#[test]
fn what_is_transparent_is_white() {
    let clear = RgbaImage::from_pixel(300, 420, Rgba([0, 0, 0, 0]));
    let made = make(&encoded(clear, ImageFormat::Png)).unwrap();
    let [red, green, blue] = decoded(&made.files[0].1).get_pixel(60, 60).0;
    assert!(red > 250 && green > 250 && blue > 250);
}

#[test]
fn what_is_no_cover_is_refused_with_what_to_do_about_it() {
    let png = |width, height| encoded(picture(width, height), ImageFormat::Png);
    let mut cut = png(300, 420);
    cut.truncate(cut.len() / 2);
    for (file, unfit) in [
        (b"Chapter one. It was a dark and stormy night.".to_vec(), Unfit::UnknownFormat),
        (Vec::new(), Unfit::UnknownFormat),
        (b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(), Unfit::UnknownFormat),
        (br#"<svg xmlns="http://www.w3.org/2000/svg"/>"#.to_vec(), Unfit::UnknownFormat),
        (vec![0; MOST_BYTES + 1], Unfit::TooLarge),
        (cut, Unfit::Damaged),
        (b"\xff\xd8\xff\xe0".to_vec(), Unfit::Damaged),
        (png(99, 140), Unfit::TooNarrow { width: 99 }),
        (png(100, 334), Unfit::Shape { width: 100, height: 334 }),
        (png(201, 100), Unfit::Shape { width: 201, height: 100 }),
        (bomb(7_000, 7_200), Unfit::TooManyPixels { width: 7_000, height: 7_200 }),
        // More than any decoder believes.
        (bomb(u32::MAX >> 1, u32::MAX >> 1), Unfit::Damaged),
        // Says 39 million pixels and has a handful: found out without a picture of that size.
        (bomb(6_000, 6_500), Unfit::Damaged),
    ] {
        assert_eq!(make(&file).unwrap_err(), unfit);
    }
    assert!(make(&png(100, 333)).is_ok() && make(&png(200, 100)).is_ok());
}

#[test]
fn an_image_is_named_by_its_content() {
    let (one, other) =
        (encoded(picture(300, 420), ImageFormat::Png), encoded(picture(301, 420), ImageFormat::Png));
    assert_eq!(make(&one).unwrap(), make(&one).unwrap());
    assert_ne!(hash(&one), hash(&other));
    assert_eq!(Some(make(&one).unwrap().cover.hash), hash(&one));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_bytes_make_it_panic(
        kind in 0..4,
        noise in proptest::collection::vec(any::<u8>(), 0..400),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..20),
        kept in 0..=100_usize,
    ) {
        let mut file = match kind {
            0 => encoded(picture(120, 160), ImageFormat::Jpeg),
            1 => encoded(picture(120, 160), ImageFormat::Png),
            2 => encoded(picture(120, 160), ImageFormat::WebP),
            _ => noise,
        };
        for (place, byte) in changes {
            if !file.is_empty() {
                let place = place.index(file.len());
                file[place] = byte;
            }
        }
        file.truncate(file.len() * kept / 100);
        if let Ok(made) = make(&file) {
            for (size, file) in made.files {
                let made = image::load_from_memory(&file).unwrap();
                prop_assert!(made.dimensions().0 <= size.width());
            }
        }
    }
}
