//! Readers inside WeChat: known without typing, each openid one reader's, pages that may scan and pay.

use axum::Router;
use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};
use yujie_tests::ground::{request, send};
use yujie_tests::service_account::{APP_ID, PUBLIC_URL, ServiceAccount};
use yujie_tests::{Answer, Ground, library};

struct Scene {
    ground: Ground,
    platform: ServiceAccount,
    registration: Router,
}

impl Scene {
    async fn new() -> Self {
        let (ground, platform) = (Ground::new().await, ServiceAccount::start().await);
        let registration = ground.registration_with(Some(platform.desk(&ground)));
        Self { ground, platform, registration }
    }

    async fn ask(&self, reader: Option<u32>, method: &str, path: &str, body: &Value) -> Answer {
        let token = reader.map(|n| self.ground.token(&library::reader(n).subject())).unwrap_or_default();
        send(self.registration.clone(), request(method, path, &token, body)).await
    }

    /// The page begins: the state in its address, and the proof that it keeps.
    async fn begin(&self) -> (String, String) {
        let begun = self.ask(None, "POST", "/wechat/authorisations", &json!({"return_to": "/me"})).await;
        assert_eq!(begun.status, 201, "{}", begun.body);
        let url = begun.body["url"].as_str().unwrap();
        let query: Vec<(String, String)> =
            serde_urlencoded::from_str(url.split_once('?').unwrap().1.trim_end_matches("#wechat_redirect"))
                .unwrap();
        let value = |name: &str| query.iter().find(|(key, _)| key == name).unwrap().1.clone();
        assert_eq!((value("appid").as_str(), value("redirect_uri")), (APP_ID, format!("{PUBLIC_URL}/me")));
        (value("state"), begun.body["proof"].as_str().unwrap().to_owned())
    }

    /// What a reader who is `openid` comes back with.
    async fn came_back(&self, openid: &str) -> Value {
        let (state, proof) = self.begin().await;
        json!({"code": self.platform.code_of(openid), "state": state, "proof": proof})
    }

    async fn bind(&self, reader: u32, openid: &str) -> Answer {
        self.ask(Some(reader), "PUT", "/me/wechat", &self.came_back(openid).await).await
    }

    async fn sign_in(&self, openid: &str) -> Answer {
        self.ask(None, "POST", "/sessions/wechat", &self.came_back(openid).await).await
    }

    /// Whose account a session is of.
    async fn owner(&self, session: &Answer) -> Value {
        assert_eq!(session.status, 200, "{}", session.body);
        let token = session.body["access_token"].as_str().unwrap();
        send(self.ground.profile(), request("GET", "/me", token, &Value::Null)).await.body["card_no"].clone()
    }

    async fn page(&self) -> Answer {
        self.ask(None, "GET", "/wechat/page-config?url=https://lib.example.cn/cart?from%3Dme", &Value::Null)
            .await
    }
}

fn code(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.body["code"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn a_reader_binds_wechat_once_and_is_signed_in_by_it_from_then_on() {
    let scene = Scene::new().await;
    assert_eq!(code(&scene.sign_in("oReader").await), (404, "wechat_not_bound"));

    let bound = scene.bind(1, "oReader").await;

    assert_eq!((bound.status, &bound.body["bound"]), (200, &json!(true)), "{}", bound.body);
    let session = scene.sign_in("oReader").await;
    let card = library::reader(1).card_no.to_string();
    assert_eq!(scene.owner(&session).await, json!(card));
    let again = scene.bind(1, "oReader").await;
    assert_eq!(again.body["since"], bound.body["since"], "binding it again changes nothing");
}

#[tokio::test]
async fn one_wechat_is_one_readers_and_a_reader_may_change_theirs() {
    let scene = Scene::new().await;
    assert_eq!(scene.bind(1, "oFirst").await.status, 200);
    assert_eq!(code(&scene.bind(2, "oFirst").await), (409, "wechat_taken"));

    assert_eq!(scene.bind(1, "oSecond").await.status, 200, "a new phone, another WeChat");

    assert_eq!(code(&scene.sign_in("oFirst").await), (404, "wechat_not_bound"), "the old one is free");
    assert_eq!(scene.bind(2, "oFirst").await.status, 200);
    let ended = scene.ask(Some(1), "DELETE", "/me/wechat", &Value::Null).await;
    assert_eq!((ended.status, &ended.body["bound"]), (200, &json!(false)));
    assert_eq!(code(&scene.sign_in("oSecond").await), (404, "wechat_not_bound"));
    assert_eq!(
        scene.ask(Some(1), "DELETE", "/me/wechat", &Value::Null).await.status,
        200,
        "once more is no error"
    );
    assert_eq!(scene.sign_in("oFirst").await.status, 200, "the other reader's is untouched");
    assert_eq!(yujie_tests::audit::findings(&scene.ground).await, []);
}

#[tokio::test]
async fn of_many_readers_who_bind_one_wechat_at_once_one_has_it() {
    let scene = Scene::new().await;
    let backs = join_all((0..10).map(|_| scene.came_back("oShared"))).await;
    let tries = backs.iter().enumerate().map(|(n, back)| {
        let reader = u32::try_from(n % 2).unwrap() + 1;
        let scene = &scene;
        async move { (reader, scene.ask(Some(reader), "PUT", "/me/wechat", back).await) }
    });

    let answers = join_all(tries).await;

    let owner = scene.owner(&scene.sign_in("oShared").await).await;
    for (reader, answer) in &answers {
        let theirs = json!(library::reader(*reader).card_no.to_string()) == owner;
        let fits =
            if theirs { [200, 503].contains(&answer.status) } else { [409, 503].contains(&answer.status) };
        assert!(fits, "{reader}: {} {}", answer.status, answer.body);
    }
    assert_eq!(yujie_tests::audit::findings(&scene.ground).await, []);
}

#[tokio::test]
async fn a_strangers_link_a_late_return_and_a_used_code_sign_nobody_in() {
    let scene = Scene::new().await;
    assert_eq!(scene.bind(1, "oReader").await.status, 200);
    let anew = (422, "wechat_begin_anew");
    let sign_in = async |back: &Value| scene.ask(None, "POST", "/sessions/wechat", back).await;

    let (mut strangers, own) = (scene.came_back("oReader").await, scene.came_back("oReader").await);
    strangers["proof"] = own["proof"].clone();
    assert_eq!(code(&sign_in(&strangers).await), anew, "the state is not this page's");
    assert_eq!(sign_in(&own).await.status, 200);
    assert_eq!(code(&sign_in(&own).await), anew, "the code is spent");

    let late = scene.came_back("oReader").await;
    scene.ground.pass(SignedDuration::from_mins(10));
    assert_eq!(code(&sign_in(&late).await), anew);
    for field in ["code", "state", "proof"] {
        let mut odd = scene.came_back("oReader").await;
        odd[field] = json!("x書");
        assert_eq!(code(&sign_in(&odd).await), anew, "{field}");
    }
}

#[tokio::test]
async fn a_snapshot_of_a_page_has_no_reader_and_wechat_may_fail() {
    let scene = Scene::new().await;
    let (state, proof) = scene.begin().await;
    let back = json!({"code": scene.platform.code_of_snapshot(), "state": state, "proof": proof});
    assert_eq!(code(&scene.ask(Some(1), "PUT", "/me/wechat", &back).await), (409, "wechat_snapshot"));

    let back = scene.came_back("oReader").await;
    scene.platform.fails(true);
    assert_eq!(code(&scene.ask(Some(1), "PUT", "/me/wechat", &back).await), (503, "wechat_unavailable"));
    assert_eq!(code(&scene.page().await), (503, "wechat_unavailable"));
    scene.platform.fails(false);
    assert_eq!(scene.ask(Some(1), "PUT", "/me/wechat", &back).await.status, 200, "nothing was lost");
}

#[tokio::test]
async fn pages_of_ours_are_signed_with_one_ticket_for_all_and_no_others_are() {
    let scene = Scene::new().await;

    let config = scene.page().await;

    assert_eq!(config.status, 200, "{}", config.body);
    let of = |name: &str| config.body[name].as_str().unwrap().to_owned();
    let signed = format!(
        "jsapi_ticket=ticket1&noncestr={}&timestamp={}&url=https://lib.example.cn/cart?from=me",
        of("nonceStr"),
        config.body["timestamp"]
    );
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, signed.as_bytes());
    let hex = digest.as_ref().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    assert_eq!((of("appId").as_str(), of("signature")), (APP_ID, hex));

    // Another process, and a while later: the ticket is the table's, until it is about to end.
    let other = scene.ground.registration_with(Some(scene.platform.desk(&scene.ground)));
    let path = "/wechat/page-config?url=https://lib.example.cn/";
    let ask = async || send(other.clone(), request("GET", path, "", &Value::Null)).await.status;
    scene.ground.pass(SignedDuration::from_mins(110));
    assert_eq!((ask().await, scene.platform.tickets()), (200, 1));
    scene.ground.pass(SignedDuration::from_mins(9));
    assert_eq!((ask().await, scene.platform.tickets()), (200, 2));

    for foreign in
        ["https://evil.example/", "https://lib.example.cn.evil.example/", "javascript:alert(1)", ""]
    {
        let path = format!("/wechat/page-config?url={foreign}");
        let answer = scene.ask(None, "GET", &path, &Value::Null).await;
        assert_eq!(code(&answer), (422, "invalid_field"), "{foreign}");
    }
    for foreign in ["me", "@evil.example/", ".evil.example", "/me\n"] {
        let answer = scene.ask(None, "POST", "/wechat/authorisations", &json!({"return_to": foreign})).await;
        assert_eq!(code(&answer), (422, "invalid_field"), "{foreign:?}");
    }
}

#[tokio::test]
async fn a_token_that_somebody_renewed_by_force_is_asked_for_anew() {
    let scene = Scene::new().await;
    assert_eq!(scene.page().await.status, 200);
    scene.platform.renew_by_force();
    // The ticket ends before the token that is kept does.
    scene.ground.pass(SignedDuration::from_mins(117));

    assert_eq!(scene.page().await.status, 200);
}

#[tokio::test]
async fn a_library_without_a_service_account_says_so() {
    let ground = Ground::new().await;
    let token = ground.token(&library::reader(1).subject());
    let back = json!({"code": "c", "state": "s", "proof": "p"});
    for (method, path, body) in [
        ("POST", "/wechat/authorisations", json!({"return_to": "/"})),
        ("POST", "/sessions/wechat", back.clone()),
        ("PUT", "/me/wechat", back),
        ("GET", "/wechat/page-config?url=https://lib.example.cn/", Value::Null),
    ] {
        let answer = send(ground.registration(), request(method, path, &token, &body)).await;
        assert_eq!(code(&answer), (404, "wechat_not_offered"), "{method} {path}");
    }
}
