//! How far what was typed is from what is written somewhere in a text.

/// The fewest single errors (a character wrong, missing, too many, or two neighbours swapped) that make `typed` a part of `text`.
pub(super) fn errors(typed: &[char], text: &[char]) -> usize {
    // One row for each place of the text: how many errors it takes to have typed the first n characters up to there. The part may begin
    // anywhere, so nothing typed costs nothing everywhere.
    let start: Vec<usize> = (0..=typed.len()).collect();
    let mut best = typed.len();
    let (mut before, mut last) = (start.clone(), start);
    for (place, &c) in text.iter().enumerate() {
        let mut row = Vec::with_capacity(typed.len() + 1);
        row.push(0);
        for (n, &t) in typed.iter().enumerate() {
            let at = |row: &[usize], n: usize| row.get(n).copied().unwrap_or(usize::MAX / 2);
            let same = at(&last, n) + usize::from(t != c);
            let mut fewest = same.min(at(&last, n + 1) + 1).min(at(&row, n) + 1);
            let swapped =
                n > 0 && place > 0 && typed.get(n - 1) == Some(&c) && text.get(place - 1) == Some(&t);
            if swapped {
                fewest = fewest.min(at(&before, n - 1) + 1);
            }
            row.push(fewest);
        }
        best = best.min(row.last().copied().unwrap_or(best));
        before = std::mem::replace(&mut last, row);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::errors;

    fn between(typed: &str, text: &str) -> usize {
        errors(&typed.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>())
    }

    #[test]
    fn each_slip_of_the_finger_is_one_error() {
        for (typed, text, errs) in [
            ("红楼梦", "我读红楼梦", 0),
            ("红楼蒙", "红楼梦", 1),
            ("解杂货店", "解忧杂货店", 1),
            ("解忧的杂货店", "解忧杂货店", 1),
            ("解杂忧货店", "解忧杂货店", 1),
            ("hary poter", "harry potter", 2),
            ("红", "", 1),
            ("", "红", 0),
        ] {
            assert_eq!(between(typed, text), errs, "{typed} in {text}");
        }
    }
}
