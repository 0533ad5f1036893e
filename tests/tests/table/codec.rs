//! What is written comes back.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use yujie_domain::copy::{Copy, CopyStatus, Received};
use yujie_domain::money::Fen;
use yujie_domain::parcel::{
    Because, Booking, BoxSize, By, Carrier, Destination, Entry, Line, LineStatus, Parcel, Ticket, Warning,
};
use yujie_domain::rules::ItemClass;
use yujie_domain::slot::Slot;
use yujie_domain::{Barcode, Carried, ParcelRef, ReturnRef, SiteId, TitleId, Waybill};
use yujie_table::bulk::{self, Loaded};
use yujie_table::courier_event::{self, RawEvent};
use yujie_table::order;
use yujie_table::{copy, kind_of, parcel};
use yujie_tests::{Ground, library, scene};

fn at() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_102_444_800_000).prop_map(|ms| Timestamp::from_millisecond(ms).unwrap())
}

fn site() -> impl Strategy<Value = SiteId> {
    "[A-Za-z0-9_-]{1,16}".prop_map(|text| SiteId::parse(&text).unwrap())
}

fn barcode() -> impl Strategy<Value = Barcode> {
    "[A-Z0-9]{5,20}".prop_map(|text| Barcode::parse(&text).unwrap())
}

fn title() -> impl Strategy<Value = TitleId> {
    "[A-Za-z0-9_-]{1,40}".prop_map(|text| TitleId::parse(&text).unwrap())
}

fn by() -> impl Strategy<Value = By> {
    prop::sample::select(vec![By::System, By::Staff, By::Courier, By::Reader])
}

/// A status before the hand-over, which alone is stored without touching copies and account.
fn status() -> impl Strategy<Value = LineStatus> {
    prop::sample::select(&LineStatus::ALL[..7])
}

fn class() -> impl Strategy<Value = ItemClass> {
    prop::sample::select(vec![ItemClass::Ordinary, ItemClass::New, ItemClass::Children, ItemClass::Reference])
}

fn day() -> impl Strategy<Value = Date> {
    (0_i32..20_000)
        .prop_map(|days| Date::constant(2020, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap())
}

fn ticket() -> impl Strategy<Value = Ticket> {
    ("[A-Z0-9]{1,40}", "[A-Z0-9]{1,40}").prop_map(|(task, order)| Ticket { task, order })
}

fn line() -> impl Strategy<Value = Line> {
    let loan = (any::<u16>(), prop::option::of(at()));
    (title(), ".{0,40}", barcode(), ".{0,20}", at(), site(), class(), loan, status()).prop_map(
        |(title_id, title, barcode, call_number, at, site, class, (loan_days, loan_from), status)| Line {
            title_id,
            title,
            barcode,
            call_number,
            received: Received { at, site },
            class,
            loan_days,
            loan_from,
            status,
        },
    )
}

fn entry() -> impl Strategy<Value = Entry> {
    (status(), at(), prop::option::of(site()), by(), prop::option::of(barcode()))
        .prop_map(|(step, at, place, by, barcode)| Entry { step, at, place, by, barcode })
}

fn because() -> impl Strategy<Value = Because> {
    prop::sample::select(vec![Because::OnlySite, Because::Nearer, Because::CameFree])
}

fn booking() -> impl Strategy<Value = Booking> {
    let carrier = prop::sample::select(vec![Carrier::Kuaidi100, Carrier::Van]);
    (carrier, "[A-Za-z0-9_-]{5,32}", prop::option::of(ticket())).prop_map(|(carrier, waybill, ticket)| {
        Booking { carrier, waybill: Waybill::parse(&waybill).unwrap(), ticket }
    })
}

prop_compose! {
    fn slot()(day in day(), from in 0_i8..23, minute in 0_i8..60) -> Slot {
        let time = |hour| Time::new(hour, minute, 0, 0).unwrap();
        Slot { day, from: time(from), until: time(from + 1) }
    }
}

prop_compose! {
    fn any_parcel(of: Parcel)(
        (site, to, promised_by) in (site(), prop::option::of(site()), at()),
        (zone, slot) in (prop::option::of("[0-9]{6}"), prop::option::of(slot())),
        (rules, takes_place) in (any::<u32>(), any::<bool>()),
        (remedy_days, remedy_offer, because, unpaid) in (any::<u16>(), any::<u16>(), because(), any::<bool>()),
        lines in prop::collection::vec(line(), 1..8), sorted in prop::option::of(at()),
        boxed in prop::option::of(prop::sample::select(vec![BoxSize::Small, BoxSize::Medium, BoxSize::Large])),
        (booking, attempt, revoked) in (prop::option::of(booking()), any::<u8>(), prop::option::of(ticket())),
        (pickup_code, keep_until) in (prop::option::of("[0-9]{6}"), prop::option::of(day())),
        takes_back in prop::option::of("R[0-9A-Z]{16}"),
        warned in prop::option::of(prop::sample::select(vec![Warning::Half, Warning::Broken])),
        history in prop::collection::vec(entry(), 0..12),
    ) -> Parcel {
        Parcel {
            at: of.at.clone(),
            site,
            destination: to.map_or(Destination::Home, |site_id| Destination::Site { site_id }),
            zone, slot, takes_place, promised_by, rules, remedy_days, remedy_offer, because, unpaid, lines, sorted, boxed, booking, attempt,
            revoked, pickup_code, keep_until, warned, history,
            takes_back: takes_back.map(|no| no.parse().unwrap()),
            closings: of.closings.clone(),
            version: of.version,
        }
    }
}

fn runner() -> (TestRunner, tokio::runtime::Runtime) {
    let config = Config { cases: 128, failure_persistence: None, ..Config::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    (TestRunner::new(config), runtime)
}

#[test]
fn a_parcel_comes_back_as_it_was_stored() {
    let (mut runner, runtime) = runner();
    let (ground, first) = runtime.block_on(async {
        let ground = Ground::new().await;
        let person = library::reader(1);
        scene::place(&ground, &person, "261123PLACED0001", &["C0000401"], Destination::Home).await;
        let at = scene::parcel(&person, "261123PLACED0001");
        let first = parcel::get(&ground.table, &at).await.unwrap().unwrap();
        (ground, first)
    });
    let version = std::cell::Cell::new(first.version);

    runner
        .run(&any_parcel(first.clone()), |mut wanted| {
            wanted.version = version.get() + 1;
            let (read, seen) = runtime.block_on(async {
                ground.changes();
                parcel::store(&ground.table, &first, &wanted).await.unwrap();
                let read = parcel::get(&ground.table, &wanted.at).await.unwrap().unwrap();
                let batch = ground.changes();
                let event: aws_lambda_events::event::dynamodb::Event = serde_json::from_value(batch).unwrap();
                (read, event.records.into_iter().next().unwrap().change.new_image)
            });
            version.set(wanted.version);
            prop_assert_eq!(&read, &wanted);
            prop_assert_eq!(kind_of(&seen), Some("parcel".to_owned()));
            prop_assert_eq!(parcel::of_image(seen).unwrap(), wanted);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_parcel_that_somebody_else_stored_is_refused() {
    let (_, runtime) = runner();
    runtime.block_on(async {
        let ground = Ground::new().await;
        let person = library::reader(1);
        scene::place(&ground, &person, "261123PLACED0001", &["C0000401"], Destination::Home).await;
        let at = scene::parcel(&person, "261123PLACED0001");
        let first = parcel::get(&ground.table, &at).await.unwrap().unwrap();
        let next = Parcel { version: first.version + 1, ..first.clone() };
        parcel::store(&ground.table, &first, &next).await.unwrap();

        let second = parcel::store(&ground.table, &first, &next).await;

        assert!(matches!(second, Err(yujie_table::TransactError::Refused(_))));
    });
}

#[test]
fn a_copy_comes_back_as_it_was_stored() {
    let (mut runner, runtime) = runner();
    let ground = runtime.block_on(Ground::new());
    let prices = prop::option::of(any::<u32>().prop_map(Fen));
    let copies = (
        (barcode(), title(), site(), ".{0,20}", class(), prices),
        (at(), site(), any::<bool>(), 1..u64::MAX),
    )
        .prop_map(
            |((barcode, title_id, site, call_number, class, price), (at, received, lent, version))| Copy {
                barcode,
                title_id,
                site,
                call_number,
                class,
                price,
                status: if lent { CopyStatus::OnLoan } else { CopyStatus::Available },
                holder: lent.then(|| scene::parcel(&library::reader(1), "261123PLACED0001")),
                received: Received { at, site: received },
                version,
            },
        );

    runner
        .run(&copies, |wanted| {
            let read = runtime.block_on(async {
                bulk::put(&ground.table, vec![Loaded::Copy(wanted.clone())]).await.unwrap();
                copy::get(&ground.table, &wanted.barcode).await.unwrap().unwrap()
            });
            prop_assert_eq!(read, wanted);
            Ok(())
        })
        .unwrap();
}

/// A key tells whose it is, in both directions.
#[test]
fn what_a_push_is_about_is_read_from_its_key() {
    let (mut runner, runtime) = runner();
    let ground = runtime.block_on(Ground::new());
    let parcels = ("[A-Z0-9]{26}", "[A-Z0-9]{16}", any::<u8>()).prop_map(|(rid, order_no, n)| {
        Carried::Parcel(ParcelRef { rid: rid.parse().unwrap(), order_no: order_no.parse().unwrap(), n })
    });
    let returns = ("[A-Z0-9]{26}", "R[A-Z0-9]{16}").prop_map(|(rid, no)| {
        Carried::Return(ReturnRef { rid: rid.parse().unwrap(), no: no.parse().unwrap() })
    });

    runner
        .run(&(prop_oneof![parcels, returns], "[A-Za-z0-9_-]{43}", ".{0,80}"), |(at, digest, raw)| {
            let pushed = RawEvent { carrier: "kuaidi100".to_owned(), received: ground.now(), raw };
            let (read, image) = runtime.block_on(async {
                ground.changes();
                for _ in 0..2 {
                    courier_event::store(&ground.table, &at, &digest, &pushed).await.unwrap();
                }
                let read = courier_event::of(&ground.table, &at).await.unwrap();
                let batch = ground.changes();
                let event: aws_lambda_events::event::dynamodb::Event = serde_json::from_value(batch).unwrap();
                assert_eq!(event.records.len(), 1, "the same push twice is one item");
                (read, event.records.into_iter().next().unwrap().change.new_image)
            });
            prop_assert_eq!(read, vec![pushed]);
            prop_assert_eq!(courier_event::carried_by(image).unwrap(), at);
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn an_order_comes_back_with_its_parcels_and_pages_do_not_cut_it() {
    let ground = Ground::new().await;
    let person = library::reader(1);
    let (mut wanted, copies) = scene::draft(
        &ground,
        &person,
        "261123PLACED0001",
        &["C0000401", "C0000501", "C0000601"],
        Destination::Home,
    )
    .await;
    wanted.head.unfilled = vec![library::title_id("b000009")];
    wanted.head.queued = vec![library::title_id("b000010")];
    wanted.head.from_hold = true;
    let (request, answer) = yujie_tests::ground::asked("an order");
    let placing = scene::placing(&ground, &person, wanted.clone(), copies).await;
    order::place(&ground.table, &placing, &request, &answer).await.unwrap();

    let read = order::get(&ground.table, &person.rid, &wanted.head.order_no).await.unwrap();
    assert_eq!(read.as_ref(), Some(&wanted));
    assert_eq!(order::list(&ground.table, &person.rid, None, 1).await.unwrap(), vec![wanted.clone()]);
    let older = order::list(&ground.table, &person.rid, Some(&wanted.head.order_no), 1).await.unwrap();
    assert_eq!(older, Vec::new());
    let by_label = parcel::by_no(&ground.table, &wanted.parcels[0].at.no()).await.unwrap();
    assert_eq!(by_label.as_ref(), wanted.parcels.first());
}
