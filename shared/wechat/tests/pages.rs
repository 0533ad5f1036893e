//! Pages that scan and pay.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking, as the tests do")]

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;
use yujie_wechat::jssdk::{JsTicket, Nonce, PageConfig, scanned};
use yujie_wechat::{Account, Secret, WebUrl};

const NOW: Timestamp = Timestamp::constant(1_414_587_457, 0);
// The example of the platform's documentation (附录1-JS-SDK使用权限签名算法).
const TICKET: &str = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg";
const NONCE: &str = "Wm3WZYTPz0wzccnW";

fn account() -> Account {
    Account::parse(r#"{"app_id":"wx0123456789abcdef","app_secret":"5ecre7"}"#).unwrap()
}

fn config(url: &str) -> PageConfig {
    let ticket = JsTicket::new(Secret::new(TICKET), Timestamp::MAX).unwrap();
    let (page, nonce) = (WebUrl::parse(url).unwrap(), Nonce::parse(NONCE).unwrap());
    PageConfig::sign(&account(), &ticket, &page, NOW, &nonce)
}

#[test]
fn a_page_is_signed_as_the_platform_signs_it() {
    let with_a_query = "0f9de62fce790f9a083d5c99e95740ceb90c27ed";

    assert_eq!(config("http://mp.weixin.qq.com?params=value").signature, with_a_query);
    assert_eq!(
        config("http://mp.weixin.qq.com?params=value#orders/7").signature,
        with_a_query,
        "without its fragment"
    );
    assert_eq!(config("http://mp.weixin.qq.com").signature, "f4d90daf4b3bca3078ab155816175ba34c443a7b");
}

#[test]
fn a_page_gets_what_it_hands_to_wechat() {
    assert_eq!(
        serde_json::to_value(config("http://mp.weixin.qq.com")).unwrap(),
        json!({
            "appId": "wx0123456789abcdef", "timestamp": 1_414_587_457, "nonceStr": NONCE,
            "signature": "f4d90daf4b3bca3078ab155816175ba34c443a7b",
            "jsApiList": ["chooseWXPay", "scanQRCode"], "openTagList": ["wx-open-subscribe"],
        })
    );
}

#[test]
fn what_stands_in_a_code_is_told_from_its_kind() {
    assert_eq!(scanned("CODE_128,01110000123456"), "01110000123456");
    assert_eq!(scanned("EAN_13,9787020002207"), "9787020002207");
    for whole in ["01110000123456", "https://lib.example.cn/c?a=1,2", "书,1", ""] {
        assert_eq!(scanned(whole), whole);
    }
}

#[test]
fn a_nonce_is_of_letters_and_digits() {
    assert_eq!(Nonce::new(255), Nonce::parse("000000000000000000000000000000ff").unwrap());
    for text in ["", "a&b", "随机", &"a".repeat(33)] {
        assert!(Nonce::parse(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn only_the_fragment_of_an_address_makes_no_difference(path in "[!-~]{0,60}", fragment in "[!-~]{0,20}") {
        let page = format!("https://lib.example.cn/{}", path.replace('#', ""));
        let signed = config(&page).signature;

        prop_assert_eq!(&config(&format!("{page}#{fragment}")).signature, &signed);
        prop_assert_ne!(&config(&format!("{page}1")).signature, &signed);
        prop_assert!(signed.len() == 40 && signed.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
    }

    #[test]
    fn whatever_was_scanned_is_kept_to_its_end(text in ".{0,60}") {
        prop_assert!(text.ends_with(scanned(&text)));
    }
}
