//! Which part of a pasted address is the name, and which names a place.

use super::Part;

/// Common family names of one character.
const FAMILY: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方\
    白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅\
    童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳欧管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬\
    边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝官封谈匡鞠惠荆乐冀胥南班储原栗燕楚鄢劳谌奚皮粟冼蔺楼盘满闻位厉伊";

/// Family names of two.
const FAMILY_OF_TWO: [&str; 12] =
    ["欧阳", "司马", "上官", "诸葛", "司徒", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "夏侯"];

/// Characters that stand in the names of places and not in people's, but as a family name in front.
const OF_PLACES: &str = "路街巷弄胡号室楼层区县市省镇乡村院厦座栋幢";

/// Characters with which places end.
const ENDS_PLACES: &str = "店营庄桥屯寺坟里门井湾洼站场馆校府道园苑城";

/// What is written behind a name on a parcel.
const RECEIVES: [&str; 2] = ["(收)", "收"];

/// Takes the name out of the parts. It is a part of its own, or it is glued to the end of a street.
pub(super) fn take(parts: &mut Vec<Part>, rest: &mut Vec<String>) -> Option<String> {
    let best = (0..parts.len())
        .filter_map(|place| Some((score(parts, place)?, place)))
        .max_by_key(|(score, place)| (*score, std::cmp::Reverse(*place)));
    if let Some((_, place)) = best
        && let Part::Text(text) = parts.remove(place)
    {
        let (name, behind) = without_receives(&text);
        rest.extend(behind.map(ToOwned::to_owned));
        return Some(name.to_owned());
    }
    parts.iter_mut().find_map(|part| match part {
        Part::Text(text) => {
            let (body, behind) = without_receives(text);
            let (street, name) = glued(body)?;
            rest.extend(behind.map(ToOwned::to_owned));
            *text = street;
            Some(name)
        }
        Part::Phone | Part::Division => None,
    })
}

/// How likely a part is a name; `None` when it is not.
fn score(parts: &[Part], place: usize) -> Option<u8> {
    let Some(Part::Text(text)) = parts.get(place) else { return None };
    let (name, _) = without_receives(text);
    let length = name.chars().count();
    let of_two_worlds = name.contains('·') && (4..=15).contains(&length);
    if !(2..=4).contains(&length) && !of_two_worlds {
        return None;
    }
    if !name.chars().all(|c| is_han(c) || c == '·') || names_a_place(name) {
        return None;
    }
    let neighbour = |at: Option<usize>| at.and_then(|at| parts.get(at)) == Some(&Part::Phone);
    let beside_phone = neighbour(place.checked_sub(1)) || neighbour(place.checked_add(1));
    let family = has_family_name(name) || of_two_worlds;
    // A word of which neither is known may be anything.
    (family || beside_phone).then(|| 4 * u8::from(family) + 2 * u8::from(beside_phone))
}

/// A name at the end of a street, behind a number, a door or a building.
fn glued(text: &str) -> Option<(String, String)> {
    let chars: Vec<char> = text.chars().collect();
    [4, 3, 2].into_iter().find_map(|length| {
        let at = chars.len().checked_sub(length)?;
        let (street, name) = chars.split_at_checked(at)?;
        let ends = street.last()?;
        let name: String = name.iter().collect();
        let door =
            ends.is_ascii_alphanumeric() || matches!(ends, '号' | '室' | '楼' | '层' | '座' | '户' | '院');
        (door && name.chars().all(is_han) && has_family_name(&name) && !names_a_place(&name))
            .then(|| (street.iter().collect(), name))
    })
}

fn without_receives(text: &str) -> (&str, Option<&str>) {
    let found = RECEIVES.iter().find_map(|word| text.strip_suffix(word).map(|name| (name, Some(*word))));
    found.filter(|(name, _)| name.chars().count() >= 2).unwrap_or((text, None))
}

fn has_family_name(name: &str) -> bool {
    name.chars().next().is_some_and(|first| FAMILY.contains(first))
        || FAMILY_OF_TWO.iter().any(|family| name.starts_with(family))
}

/// Whether a text has something that only places have: a digit, a letter, a character of places behind its first one, or at its end.
pub(super) fn names_a_place(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_alphanumeric())
        || text.contains("单元")
        || text.contains("小区")
        || text.chars().skip(1).any(|c| OF_PLACES.contains(c))
        || text.chars().skip(1).last().is_some_and(|c| ENDS_PLACES.contains(c))
}

/// A Han character (CJK Unified Ideographs and extension A).
const fn is_han(c: char) -> bool {
    matches!(c, '\u{4E00}'..='\u{9FFF}' | '\u{3400}'..='\u{4DBF}')
}
