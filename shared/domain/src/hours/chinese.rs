//! Hours as Chinese lists write them: `周二至周日 08:30-17:00, 周一 13:00-17:00`, `10:00-21:00 (周一闭馆)`, `24小时开放`.

/// Words and signs, each before what it contains.
const WORDS: &[(&str, &str)] = &[
    ("（", "("),
    ("）", ")"),
    ("：", ":"),
    ("，", ","),
    ("、", ","),
    ("；", ";"),
    ("至", "-"),
    ("到", "-"),
    ("～", "-"),
    ("~", "-"),
    ("—", "-"),
    ("–", "-"),
    ("星期", "周"),
    ("每周", "周"),
    ("周一", "Mo"),
    ("周二", "Tu"),
    ("周三", "We"),
    ("周四", "Th"),
    ("周五", "Fr"),
    ("周六", "Sa"),
    ("周日", "Su"),
    ("周天", "Su"),
    ("周末", "Sa-Su"),
    ("每天", "Mo-Su"),
    ("每日", "Mo-Su"),
    ("24小时", "24/7"),
    ("24 小时", "24/7"),
    ("全天", "24/7"),
    ("开放", ""),
    ("闭馆", "off"),
    ("休息", "off"),
    ("closed", "off"),
    ("逢", ""),
];

/// What a remark in brackets must hold to be a rule of its own: a time, a closed day, a holiday. Other remarks say nothing of hours.
const OF_HOURS: &[&str] = &["off", "节", "假"];

/// The same hours without Chinese; what is not known here stays, for the parser to refuse.
pub(super) fn translated(text: &str) -> String {
    let mut text =
        WORDS.iter().fold(text.trim().to_owned(), |text, (chinese, plain)| text.replace(chinese, plain));
    while let Some((before, remark, after)) = bracket(&text) {
        let rule = remark.contains(|c: char| c.is_ascii_digit())
            || OF_HOURS.iter().any(|word| remark.contains(word));
        text = if rule { format!("{before};{remark};{after}") } else { format!("{before}{after}") };
    }
    text
}

/// What stands before, within and behind the first brackets.
fn bracket(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('(')?;
    let (remark, after) = rest.split_once(')')?;
    Some((before, remark, after))
}
