//! People as title pages name them: with country or dynasty before, original spelling and role after.

const OPENING: [char; 6] = ['[', '(', '（', '【', '〔', '<'];
const CLOSING: [char; 6] = [']', ')', '）', '】', '〕', '>'];
const ROLES: [&str; 10] = ["编著", "主编", "编译", "等", "著", "编", "译", "绘", "文", "图"];

/// The name alone: `[日] 东野圭吾`, `（美）尤金·奥尼尔著` and `尼采(Nietzsche,F.)` without what is not name.
pub fn bare(person: &str) -> &str {
    let mut name = person.trim();
    while let Some((_, after)) = name.strip_prefix(OPENING).and_then(|inner| inner.split_once(CLOSING)) {
        name = after.trim_start();
    }
    if let Some((before, _)) = name.split_once(OPENING) {
        name = before.trim_end();
    }
    while let Some(shorter) = ROLES.iter().find_map(|role| name.strip_suffix(role)).map(str::trim_end) {
        if shorter.chars().count() < 2 {
            break;
        }
        name = shorter;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::bare;

    #[test]
    fn country_role_and_original_spelling_are_not_the_name() {
        for (written, name) in [
            ("[日] 东野圭吾", "东野圭吾"),
            ("（美）尤金·奥尼尔著", "尤金·奥尼尔"),
            ("[德] 尼采(Nietzsche,F.)", "尼采"),
            ("【明】(浙江) 冯梦龙 编著", "冯梦龙"),
            ("余华", "余华"),
            ("李文", "李文"),
            ("[未完", ""),
            ("", ""),
        ] {
            assert_eq!(bare(written), name, "{written}");
        }
    }
}
