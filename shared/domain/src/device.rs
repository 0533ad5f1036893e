//! What a reader calls the thing in their hand, told from a `User-Agent`: enough to know one's own phone again in a list, and no more.

/// By what word of a `User-Agent` a system is known, the special before the general, and what readers call it.
const SYSTEMS: [(&str, &str); 8] = [
    ("OpenHarmony", "鸿蒙设备"),
    ("HarmonyOS", "鸿蒙设备"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "安卓设备"),
    ("Windows", "Windows 电脑"),
    ("Macintosh", "Mac 电脑"),
    ("Linux", "Linux 电脑"),
];

/// The same for programs.
const PROGRAMS: [(&str, &str); 8] = [
    ("miniProgram", "微信小程序"),
    ("MicroMessenger", "微信"),
    ("Alipay", "支付宝"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Quark", "夸克"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
];

/// A short name for a device. Nothing of the text itself is in it: what a caller writes there is not shown to anybody.
pub fn name(user_agent: &str) -> String {
    let find = |words: &[(&str, &'static str)]| {
        words.iter().find(|(word, _)| user_agent.contains(word)).map(|(_, name)| *name)
    };
    match (find(&SYSTEMS), find(&PROGRAMS)) {
        (Some(system), Some(program)) => format!("{system} · {program}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "其他设备".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_named_by_its_system_and_program() {
        for (user_agent, called) in [
            (
                "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/129.0.0.0 Mobile Safari/537.36",
                "安卓设备 · Chrome",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1",
                "iPhone · Safari",
            ),
            ("Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.50 MMWEBID/1 Chrome/116", "安卓设备 · 微信"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/129.0 Safari/537.36 Edg/129.0",
                "Windows 电脑 · Edge",
            ),
            ("curl/8.0 <script>", "其他设备"),
            ("", "其他设备"),
        ] {
            assert_eq!(name(user_agent), called);
        }
    }
}
