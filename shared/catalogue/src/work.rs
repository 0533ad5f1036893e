//! Works: which editions are the same book.
//!
//! 解忧杂货店, 解憂雜貨店 and 解忧杂货店（精装版） by 东野圭吾 are one work: the same folded title without its edition, and the same first
//! author. Volumes are not editions: （上） and （下） stay apart.

use std::borrow::Cow;

use yujie_domain::title::Title;

use crate::fold::{fold, fold_whole};
use crate::names;

/// What brackets may say behind a title without making it another book.
const EDITION_ENDS: [char; 2] = ['版', '本'];
const EDITION_WORDS: [&str; 10] =
    ["精装", "平装", "精", "平", "修订", "新版", "珍藏", "典藏", "纪念", "套装"];

/// The same for all editions of a work, and (but for one chance in 2⁶⁴) for nothing else.
pub fn key(title: &Title) -> u64 {
    let name = fold_whole(&without_edition(&title.title));
    // Without an author a common title (数学) says little; the publisher then stands for it, and without that nothing is known to be the same.
    let by = match (title.authors.first(), &title.publisher) {
        (Some(author), _) => fold_whole(names::bare(author)),
        (None, Some(publisher)) => fold_whole(publisher),
        (None, None) => title.id.to_string(),
    };
    stable_hash(format!("{name}|{by}").as_bytes())
}

/// `解忧杂货店（精装版）` without its last bracket, when that only names the edition.
fn without_edition(title: &str) -> Cow<'_, str> {
    let trimmed = title.trim_end();
    let Some(inner) = trimmed.strip_suffix(['）', ')', '】', ']']) else {
        return Cow::Borrowed(trimmed);
    };
    let Some((before, inside)) = inner.rsplit_once(['（', '(', '【', '[']) else {
        return Cow::Borrowed(trimmed);
    };
    let inside = fold(inside);
    let is_edition = inside.ends_with(EDITION_ENDS) || EDITION_WORDS.contains(&inside.as_str());
    if is_edition && !before.trim().is_empty() {
        Cow::Borrowed(before.trim_end())
    } else {
        Cow::Borrowed(trimmed)
    }
}

/// FNV-1a: the same on every machine and in every version, which the standard library's hash is not.
pub fn stable_hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use yujie_domain::TitleId;

    use super::*;

    fn by(title: &str, author: &str) -> u64 {
        let id = TitleId::parse("t").unwrap();
        key(&Title { authors: vec![author.to_owned()], ..Title::new(id, title) })
    }

    #[test]
    fn editions_are_one_work_and_volumes_are_not() {
        let work = by("解忧杂货店", "[日] 东野圭吾");

        assert_eq!(by("解憂雜貨店", "東野圭吾 著"), work);
        assert_eq!(by("解忧杂货店（精装版）", "东野圭吾"), work);
        assert_eq!(by("解忧 杂货店 (第2版)", "（日）东野圭吾"), work);
        assert_ne!(by("解忧杂货店（上）", "东野圭吾"), work);
        assert_ne!(by("解忧杂货店", "某某"), work);
        assert_eq!(by("（精装本）", "x"), by("(精装本)", "x"), "a title that is all bracket stays one");
        let bare = |id: &str| key(&Title::new(TitleId::parse(id).unwrap(), "语文"));
        assert_ne!(bare("1"), bare("2"), "nothing says that they are the same");
    }
}
