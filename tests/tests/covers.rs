//! Covers: what librarians upload, what readers see.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use yujie_domain::cover::CoverSize;
use yujie_table::cover;
use yujie_tests::ground::{request, send};
use yujie_tests::{Answer, Fault, Ground, library};

/// Three pictures of 120 × 160 pixels, out of the example events.
const ONE: &str = include_str!("../../events/cataloguing/cover.json");
const OTHER: &str = include_str!("../../events/cataloguing/cover-png.json");
const THIRD: &str = include_str!("../../events/cataloguing/cover-webp-that-says-it-is-jpeg.json");
const BOMB: &str = include_str!("../../events/cataloguing/cover-of-fifty-megapixels.json");

/// The bytes that an event brings, decoded as Lambda's runtime does.
fn bytes(event: &str) -> Vec<u8> {
    let request: lambda_http::request::LambdaRequest = serde_json::from_str(event).unwrap();
    lambda_http::Request::from(request).into_body().as_ref().to_vec()
}

fn upload(token: &str, title: &str, image: Vec<u8>) -> Request<Body> {
    let mut upload = request("PUT", &format!("/staff/titles/{title}/cover"), token, &Value::Null);
    upload.headers_mut().insert("content-type", "image/jpeg".parse().unwrap());
    *upload.body_mut() = Body::from(image);
    upload
}

async fn give(ground: &Ground, staff: &str, title: &str, image: Vec<u8>) -> Answer {
    send(ground.cataloguing(), upload(&ground.token(&library::staff(staff)), title, image)).await
}

async fn take_away(ground: &Ground, staff: &str, title: &str) -> Answer {
    let token = ground.token(&library::staff(staff));
    let path = format!("/staff/titles/{title}/cover");
    send(ground.cataloguing(), request("DELETE", &path, &token, &Value::Null)).await
}

/// What a reader's phone gets: status, headers, body.
async fn see(ground: &Ground, path: &str, known: Option<&str>) -> Answer {
    let mut asking = request("GET", path, "", &Value::Null);
    if let Some(tag) = known {
        asking.headers_mut().insert("if-none-match", tag.parse().unwrap());
    }
    send(ground.search(), asking).await
}

/// Nothing of an upload is anywhere.
fn assert_nothing_written(ground: &Ground) {
    assert_eq!(ground.covers.calls("PUT"), Vec::<String>::new());
    assert!(ground.items().values().all(|item| item["kind"]["S"] != "cover"));
}

#[tokio::test]
async fn a_librarian_gives_a_title_its_cover_gives_it_another_and_takes_it_away() {
    let ground = Ground::new().await;
    let path = "/titles/b000006/cover?size=120";
    let drawn = see(&ground, path, None).await;
    assert_eq!((drawn.status, &drawn.headers["content-type"]), (200, &"image/svg+xml".parse().unwrap()));
    assert!(
        drawn.body.as_str().unwrap().contains(">红楼梦<") || drawn.body.as_str().unwrap().contains(">红<")
    );
    assert_eq!(drawn.headers["content-security-policy"], "default-src 'none'; style-src 'unsafe-inline'");

    let given = give(&ground, "desk-c01", "b000006", bytes(ONE)).await;
    assert_eq!(given.status, 200, "{}", given.body);
    assert_eq!(
        (&given.body["type"], &given.body["width"], &given.body["version"]),
        (&json!("jpeg"), &json!(120), &json!(1))
    );
    assert_eq!(ground.covers.calls("PUT").len(), 3, "a file for each size");
    let first = see(&ground, path, None).await;
    assert_eq!((first.status, &first.headers["content-type"]), (200, &"image/jpeg".parse().unwrap()));
    assert_eq!(first.headers["cache-control"], "public, max-age=86400");
    assert_eq!(first.headers["etag"], format!("\"{}\"", given.body["hash"].as_str().unwrap()));

    let again = give(&ground, "desk-l01", "b000006", bytes(ONE)).await;
    assert_eq!((again.status, &again.body["version"]), (200, &json!(1)), "the same image is no change");
    assert_eq!(ground.covers.calls("PUT").len(), 3);

    let other = give(&ground, "admin-c01", "b000006", bytes(OTHER)).await;
    assert_eq!((other.status, &other.body["version"], &other.body["type"]), (200, &json!(2), &json!("png")));
    let second = see(&ground, path, Some(first.headers["etag"].to_str().unwrap())).await;
    assert_eq!(second.status, 200, "the reader's copy is old");
    assert_ne!(second.headers["etag"], first.headers["etag"]);

    assert_eq!(take_away(&ground, "desk-c01", "b000006").await.status, 204);
    assert_eq!(see(&ground, path, None).await.body, drawn.body);
    assert_eq!(take_away(&ground, "desk-c01", "b000006").await.status, 404, "it is gone");
    assert_eq!(ground.covers.calls("DELETE"), Vec::<String>::new(), "another title may have the same image");
}

#[tokio::test]
async fn a_phone_that_has_the_picture_is_not_sent_it_again() {
    let ground = Ground::new().await;
    give(&ground, "desk-c01", "b000006", bytes(ONE)).await;
    for title in ["b000004", "b000006"] {
        let path = format!("/titles/{title}/cover");
        let first = see(&ground, &path, None).await;
        let tag = first.headers["etag"].to_str().unwrap();
        ground.covers.forget_calls();

        for known in [tag, &format!("\"x\", W/{tag}"), "*"] {
            let again = see(&ground, &path, Some(known)).await;
            assert_eq!((again.status, &again.body), (304, &json!("")), "{title} {known}");
            assert_eq!(again.headers["etag"], tag);
        }
        assert_eq!(ground.covers.calls("GET"), Vec::<String>::new());
        assert_eq!(see(&ground, &path, Some("\"x\"")).await.status, 200);
    }
}

#[tokio::test]
async fn every_title_has_a_picture_in_every_size_and_nothing_else_has() {
    let ground = Ground::new().await;
    give(&ground, "desk-c01", "b000006", bytes(ONE)).await;
    for title in ["b000004", "b000005", "b000006"] {
        for size in ["", "?size=120", "?size=240", "?size=480"] {
            assert_eq!(see(&ground, &format!("/titles/{title}/cover{size}"), None).await.status, 200);
        }
        let wrong = see(&ground, &format!("/titles/{title}/cover?size=1000"), None).await;
        assert_eq!((wrong.status, &wrong.body["code"]), (400, &json!("malformed_request")));
    }
    for title in ["b999999", "no%2Ftitle"] {
        let missing = see(&ground, &format!("/titles/{title}/cover"), None).await;
        assert_eq!((missing.status, &missing.body["code"]), (404, &json!("not_found")));
    }
}

#[tokio::test]
async fn a_reader_sees_a_picture_even_while_the_files_are_out_of_reach() {
    let ground = Ground::new().await;
    give(&ground, "desk-c01", "b000006", bytes(ONE)).await;
    ground.covers.refuse_everything();

    let seen = see(&ground, "/titles/b000006/cover", None).await;

    assert_eq!((seen.status, &seen.headers["content-type"]), (200, &"image/svg+xml".parse().unwrap()));
    assert_eq!(seen.headers["cache-control"], "no-store", "the right one comes back");
}

#[tokio::test]
async fn what_is_no_picture_is_refused_and_leaves_nothing() {
    let ground = Ground::new().await;
    let text = "第一回　甄士隐梦幻识通灵".as_bytes().to_vec();
    let mut cut = bytes(ONE);
    cut.truncate(cut.len() / 8);
    for (image, status, code) in [
        (text, 415, "unsupported_image"),
        (Vec::new(), 415, "unsupported_image"),
        (bytes(BOMB), 413, "image_too_large"),
        (vec![0xff; 4 * 1024 * 1024 + 1], 413, "image_too_large"),
        (cut, 422, "unsuitable_image"),
    ] {
        let answer = give(&ground, "desk-c01", "b000006", image).await;
        assert_eq!((answer.status, &answer.body["code"]), (status, &json!(code)), "{}", answer.body);
    }
    assert_nothing_written(&ground);
}

#[tokio::test]
async fn who_may_not_give_covers_is_refused_and_so_is_an_unknown_title() {
    let ground = Ground::new().await;
    let image = bytes(ONE);
    let reader = ground.token(&library::reader(1).subject());
    let picker = ground.token(&library::staff("picker-c01"));
    let desk = ground.token(&library::staff("desk-c01"));
    for (token, title, status) in [
        ("", "b000006", 401),
        (reader.as_str(), "b000006", 403),
        (&picker, "b000006", 403),
        (&desk, "b999999", 404),
        (&desk, "no%23title", 404),
    ] {
        let answer = send(ground.cataloguing(), upload(token, title, image.clone())).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    assert_nothing_written(&ground);
}

#[tokio::test]
async fn of_two_librarians_at_once_one_wins_and_the_other_is_told() {
    let ground = Ground::new().await;
    let id = library::title_id("b000006");
    for old in [None, Some(())] {
        if old.is_some() {
            give(&ground, "desk-c01", "b000006", bytes(ONE)).await;
        }
        let (one, other) = (bytes(OTHER), bytes(THIRD));
        let seen = cover::get(&ground.table, &id).await.unwrap();

        // Both looked at the same moment; one of them writes first.
        let first = yujie_covers::variants::make(&one).unwrap().cover;
        let second = yujie_covers::variants::make(&other).unwrap().cover;
        let won = cover::put(&ground.table, &id, &first, seen.as_ref()).await.unwrap();
        let lost = cover::put(&ground.table, &id, &second, seen.as_ref()).await.unwrap();

        assert!(matches!(won, cover::Put::Done(_)));
        assert_eq!(lost, cover::Put::Overtaken);
        let stands = cover::get(&ground.table, &id).await.unwrap().unwrap();
        assert_eq!(stands.cover, first);
        let same = cover::put(&ground.table, &id, &first, seen.as_ref()).await.unwrap();
        assert_eq!(same, cover::Put::Done(stands), "who wanted the same has it");
        take_away(&ground, "desk-c01", "b000006").await;
    }

    let (one, other) = (bytes(ONE), bytes(OTHER));
    let both = futures_util::future::join(
        give(&ground, "desk-c01", "b000006", one),
        give(&ground, "desk-l01", "b000006", other),
    );
    let (one, other) = both.await;
    for answer in [&one, &other] {
        let told = (answer.status, answer.body["code"].as_str());
        assert!(matches!(told, (200, None) | (409, Some("changed_meanwhile"))), "{}", answer.body);
    }
    assert!([one.status, other.status].contains(&200), "nobody won");
}

/// Whatever the table does, the title has no cover or one whose files are all there.
#[tokio::test]
async fn a_cover_in_the_table_always_has_its_files() {
    for fault in Fault::ALL {
        for times in [1, 1000] {
            let ground = Ground::new().await;
            ground.faults.plan(0, times, fault);

            let answer = give(&ground, "desk-c01", "b000006", bytes(ONE)).await;

            assert!([200, 500, 503].contains(&answer.status), "{fault:?} × {times}: {}", answer.body);
            if let Some(kept) = cover::get(&ground.table, &library::title_id("b000006")).await.unwrap() {
                for size in CoverSize::ALL {
                    let file = ground.cover_store().get(&kept.cover.hash, size).await.unwrap();
                    assert!(file.is_some(), "{fault:?} × {times}: {size:?}");
                }
            }
            ground.faults.plan(0, 0, fault);
            let again = give(&ground, "desk-c01", "b000006", bytes(ONE)).await;
            assert_eq!((again.status, &again.body["version"]), (200, &json!(1)), "{fault:?} × {times}");
        }
    }
}

#[tokio::test]
async fn when_the_bucket_is_out_of_reach_the_table_is_not_written() {
    let ground = Ground::new().await;
    ground.covers.refuse_everything();

    let answer = give(&ground, "desk-c01", "b000006", bytes(ONE)).await;

    assert_eq!((answer.status, &answer.body["code"]), (503, &json!("busy")));
    assert!(ground.items().values().all(|item| item["kind"]["S"] != "cover"));
}
