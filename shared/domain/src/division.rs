//! The divisions that are delivered to: Beijing's districts, by their codes (GB/T 2260).

/// Code and name, from the province to the district.
const DISTRICTS: [(&str, &str); 16] = [
    ("110101", "北京市东城区"),
    ("110102", "北京市西城区"),
    ("110105", "北京市朝阳区"),
    ("110106", "北京市丰台区"),
    ("110107", "北京市石景山区"),
    ("110108", "北京市海淀区"),
    ("110109", "北京市门头沟区"),
    ("110111", "北京市房山区"),
    ("110112", "北京市通州区"),
    ("110113", "北京市顺义区"),
    ("110114", "北京市昌平区"),
    ("110115", "北京市大兴区"),
    ("110116", "北京市怀柔区"),
    ("110117", "北京市平谷区"),
    ("110118", "北京市密云区"),
    ("110119", "北京市延庆区"),
];

/// The name of a division that is delivered to; `None` outside the area.
pub fn name(code: &str) -> Option<&'static str> {
    DISTRICTS.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
}

/// The districts, each by its code and its name without the city's.
pub(crate) fn districts() -> impl Iterator<Item = (&'static str, &'static str)> {
    DISTRICTS.iter().map(|(code, name)| (*code, without_city(name)))
}

/// A division's name without the city's: sites of one city seldom say which.
pub fn without_city(name: &str) -> &str {
    name.split_once('市').map_or(name, |(_, district)| district)
}
