use proptest::prelude::*;

use super::*;

/// Recipient, first phone, division, street, rest.
fn told(text: &str) -> [String; 5] {
    let Pasted { recipient, phones, division, street, rest, .. } = read(text);
    let phone = phones.first().map(|phone| phone.number.as_str().to_owned());
    let code = division.map(|division| division.code.to_owned());
    let rest = (!rest.is_empty()).then(|| rest.join("/"));
    [recipient, phone, code, street, rest].map(Option::unwrap_or_default)
}

#[test]
fn the_order_of_the_parts_is_free() {
    let expected = ["张三", "13800138000", "110105", "建国路88号", ""].map(ToOwned::to_owned);
    for text in [
        "张三 138 0013 8000 北京市朝阳区建国路88号",
        "张三，13800138000，北京市朝阳区建国路88号",
        "北京市朝阳区建国路88号 张三 138-0013-8000",
        "+86 138 0013 8000 朝阳区建国路88号 张三",
        "北京 朝阳区 建国路88号；张三；0086-13800138000",
        "北京市市辖区朝阳区建国路88号,张三,8613800138000",
        "张三\n13800138000\n北京市北京市朝阳区建国路88号",
        "１３８００１３８０００　张三　北京市朝阳区建国路８８号",
        "收货人：张三 手机号码：13800138000 所在地区：北京市朝阳区 详细地址：建国路88号",
        "张三13800138000北京市朝阳区建国路88号",
        "北京市朝阳区建国路88号张三13800138000",
        "13800138000北京市朝阳区建国路88号张三",
    ] {
        assert_eq!(told(text), expected, "{text}");
    }
}

#[test]
fn names_are_told_from_roads_and_places() {
    for (text, name, street) in [
        ("欧阳修远 13800138000 北京市朝阳区金台路甲1号", "欧阳修远", "金台路甲1号"),
        ("常营 王小明 13800138000 北京市朝阳区", "王小明", "常营"),
        ("北京市朝阳区 高碑店 13800138000 李四", "李四", "高碑店"),
        ("北京市东城区王府井大街1号 马莉莉 13800138000", "马莉莉", "王府井大街1号"),
        ("阿依古丽·买买提 13800138000 北京市海淀区中关村大街1号", "阿依古丽·买买提", "中关村大街1号"),
        ("路遥 13800138000 北京市西城区西单北大街1号", "路遥", "西单北大街1号"),
        ("北京市朝阳区望京西园四区410号楼 王先生(收) 13800138000", "王先生", "望京西园四区410号楼"),
    ] {
        let [found, _, _, at, _] = told(text);
        assert_eq!((found.as_str(), at.as_str()), (name, street), "{text}");
    }
}

#[test]
fn a_district_of_another_city_is_not_ours() {
    for text in ["吉林省长春市朝阳区西安大路1号", "吉林省 长春市 朝阳区 西安大路1号", "长春朝阳区西安大路1号"]
    {
        assert_eq!(read(text).division, None, "{text}");
    }
    assert_eq!(read("北京市密云区鼓楼东大街1号").division.unwrap().code, "110118");
}

#[test]
fn a_second_phone_is_kept_and_other_numbers_are_no_phones() {
    let two = read("张三 13800138000 13900139000 北京市朝阳区建国路88号 100022 010-65432100");
    let numbers: Vec<&str> = two.phones.iter().map(|phone| phone.number.as_str()).collect();
    assert_eq!(numbers, ["13800138000", "13900139000"]);
    assert_eq!(two.rest, ["100022", "010-65432100"]);
    for text in ["11010518991231138001380002", "1301 138 0013 8000号", "12800138000"] {
        let numbers = read(text).phones;
        assert!(numbers.iter().all(|phone| phone.number.as_str() == "13800138000"), "{text}: {numbers:?}");
    }
    assert_eq!(read("11010518991231138001380002").phones, []);
}

#[test]
fn what_is_not_understood_is_said() {
    assert_eq!(told("你好呀朋友们"), ["", "", "", "", "你好呀朋友们"].map(ToOwned::to_owned));
    assert_eq!(read(""), Pasted::default());
}

/// The characters of a text that are no separators, sorted.
fn characters(text: &str) -> Vec<char> {
    let mut all: Vec<char> = text.chars().map(narrowed).filter(|c| !separates(*c)).collect();
    all.sort_unstable();
    all
}

fn all_of(pasted: &Pasted) -> String {
    let Pasted { recipient, phones, division, street, labels, rest } = pasted;
    let mut all: String = recipient.iter().chain(street).chain(labels).chain(rest).cloned().collect();
    all.extend(phones.iter().map(|phone| phone.written.as_str()));
    all.extend(division.iter().map(|division| division.written.as_str()));
    all
}

proptest! {
    /// Nothing is invented, and nothing is lost.
    #[test]
    fn every_character_comes_out_once(parts in prop::collection::vec(
        prop::sample::select(vec![
            "张三", "欧阳修远", "收", "(收)", "138 0013 8000", "13900139000", "+86", "86", "-", " ", "，", "：", "北京市", "北京", "市辖区",
            "朝阳区", "海淀区", "长春市", "建国路", "88号", "8", "1", "收货人", "地址", "手机", "３", "。", "\u{3000}", "\n", "·", "Apt", "100022",
        ]), 0..14,
    )) {
        let text = parts.concat();
        let pasted = read(&text);
        prop_assert_eq!(characters(&all_of(&pasted)), characters(&text));
    }

    #[test]
    fn any_text_at_all_comes_out_whole(text in "\\PC{0,60}") {
        let pasted = read(&text);
        prop_assert_eq!(characters(&all_of(&pasted)), characters(&text));
    }
}
