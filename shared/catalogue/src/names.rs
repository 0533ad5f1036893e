//! People as title pages name them: with country or dynasty before, original spelling and role after.

const OPENING: [char; 6] = ['[', '(', '（', '【', '〔', '<'];
const CLOSING: [char; 6] = [']', ')', '）', '】', '〕', '>'];
/// Longer ones first: 编著 is not somebody called 某编 who wrote.
const ROLES: [&str; 32] = [
    "总主编",
    "副主编",
    "编著者",
    "编译组",
    "主编",
    "编著",
    "编译",
    "编写",
    "编撰",
    "编选",
    "选编",
    "改编",
    "汇编",
    "合著",
    "原著",
    "口述",
    "执笔",
    "校注",
    "译注",
    "注释",
    "点校",
    "整理",
    "摄影",
    "绘图",
    "插图",
    "等",
    "著",
    "撰",
    "编",
    "译",
    "绘",
    "图",
];

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
