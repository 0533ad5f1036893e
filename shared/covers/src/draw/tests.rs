use std::collections::BTreeSet;

use proptest::prelude::*;

use super::scheme::{Colour, Hue};
use super::*;

fn plain<'a>(id: &'a str, title: &'a str) -> Subject<'a> {
    Subject {
        id,
        class: Some("I242.4"),
        title,
        subtitle: None,
        author: Some("曹雪芹"),
        publisher: Some("人民文学出版社"),
    }
}

/// WCAG 2: (L1 + 0.05) / (L2 + 0.05) of relative luminances.
#[expect(clippy::float_arithmetic, reason = "luminance is defined with powers")]
fn contrast(one: Colour, other: Colour) -> f64 {
    let luminance = |colour: Colour| {
        [(16, 0.2126), (8, 0.7152), (0, 0.0722)]
            .map(|(shift, weight)| {
                let channel = f64::from((colour.0 >> shift) & 0xff) / 255.0;
                let linear =
                    if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) };
                weight * linear
            })
            .iter()
            .sum::<f64>()
            + 0.05
    };
    let (one, other) = (luminance(one), luminance(other));
    one.max(other) / one.min(other)
}

#[test]
fn every_text_is_legible_on_every_ground_that_it_can_meet() {
    for hue in Hue::ALL {
        for scheme in [hue.deep(), hue.pale()] {
            let paper = scheme.paper();
            for (ink, ground) in
                [(scheme.ink, scheme.ground), (scheme.ink, scheme.shade), (paper.ink, paper.ground)]
            {
                let contrast = contrast(ink, ground);
                assert!(contrast >= 4.5, "{hue:?}: {ink} on {ground} is {contrast:.2}");
            }
        }
    }
}

#[test]
fn a_title_always_looks_the_same_and_others_look_different() {
    assert_eq!(svg(&plain("b000006", "红楼梦")), svg(&plain("b000006", "红楼梦")));

    let ids: Vec<String> = (0..100).map(|n| format!("b{n:06}")).collect();
    let looks: BTreeSet<String> = ids.iter().map(|id| svg(&plain(id, "红楼梦"))).collect();
    assert!(looks.len() > 80, "a hundred editions of one work have {} covers", looks.len());
}

/// A lot that falls otherwise would change every cover in every reader's cache.
#[test]
fn lots_fall_as_they_always_did() {
    let mut dice = Dice::of("b000006");
    assert_eq!([(); 6].map(|()| dice.below(100)), [42, 42, 97, 39, 85, 89]);
}

#[test]
fn what_a_screen_reader_says_is_title_and_author() {
    assert!(svg(&plain("b1", "红楼梦")).contains(r#"role="img" aria-label="红楼梦，曹雪芹""#));
}

#[test]
fn a_subtitle_is_found_in_the_title() {
    for (title, main, rest) in [
        ("天朝的崩溃：鸦片战争再研究", "天朝的崩溃", Some("鸦片战争再研究")),
        ("时间简史（插图本）", "时间简史", Some("插图本")),
        ("The Whale: or, Moby-Dick", "The Whale", Some("or, Moby-Dick")),
        ("（）", "（）", None),
        ("红楼梦", "红楼梦", None),
        ("：", "：", None),
    ] {
        assert_eq!(text::split(title), (main.to_owned(), rest.map(ToOwned::to_owned)));
    }
}

#[test]
fn markup_and_unseen_characters_in_a_title_are_text_or_gone() {
    let drawn = svg(&plain("b1", "<script>alert(\"1\")</script>\u{202e}\u{0}&\u{fffe}\nC++"));
    assert!(!drawn.contains("<script") && !drawn.contains('\u{202e}') && !drawn.contains('\n'), "{drawn}");
    assert_well_formed(&drawn);
}

/// Tags are closed in their order, attributes are quoted, and nothing is loaded from anywhere.
fn assert_well_formed(drawn: &str) {
    let mut open = Vec::new();
    let mut rest = drawn;
    while let Some((text, tagged)) = rest.split_once('<') {
        assert!(!text.contains('>') && !text.contains('"'), "{text}");
        let (tag, behind) = tagged.split_once('>').expect("a tag ends");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{drawn}");
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap());
        }
        rest = behind;
    }
    assert!(open.is_empty() && rest.is_empty(), "{open:?} {rest}");
    let tags: String = drawn.split('<').filter_map(|part| part.split('>').next()).collect();
    let tags = tags.replacen("http://www.w3.org/2000/svg", "", 1);
    for loaded in ["href", "url(", "http", "script", "@import"] {
        let said = tags.split("aria-label=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("");
        assert!(!tags.replacen(said, "", 1).contains(loaded), "{loaded} in {drawn}");
    }
}

/// What a catalogue may hold: anything, and titles that could be.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[一-龥]{1,40}",
        "[一-龥：，《》（）“”·]{1,300}",
        "[A-Za-z' ]{1,300}",
        "[&<>\"']{1,400}",
        "[\u{20000}-\u{2a6d6}ァ-ヶ가-힣]{1,200}",
    ]
}

proptest! {
    #[test]
    fn any_title_gets_a_small_well_formed_picture(
        id in "[a-z0-9]{1,40}",
        class in proptest::option::of("[A-Z][0-9.]{0,6}"),
        title in words(),
        subtitle in proptest::option::of(words()),
        author in proptest::option::of(words()),
        publisher in proptest::option::of(words()),
    ) {
        let drawn = svg(&Subject {
            id: &id,
            class: class.as_deref(),
            title: &title,
            subtitle: subtitle.as_deref(),
            author: author.as_deref(),
            publisher: publisher.as_deref(),
        });
        prop_assert!(drawn.len() <= 4096, "{} bytes: {drawn}", drawn.len());
        prop_assert!(!drawn.chars().any(char::is_control));
        assert_well_formed(&drawn);
    }
}
