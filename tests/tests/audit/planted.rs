//! One corruption of each kind, planted into the furnished library: what is changed, and the item that is told of first.

use serde_json::{Map, Value, json};
use yujie_domain::audit::Kind;
use yujie_domain::{CardNo, ReaderId};
use yujie_tests::library;

use super::{Items, Names};

/// The slot in which reader 3's parcels come.
pub(super) const SLOT: &str = "ZONE#110105 / SLOT#2026-11-25T09:00";
/// The queue for 红楼梦.
const QUEUE: &str = "TITLE#b000006 / HOLD#";

/// A corruption.
pub(super) struct Planted {
    pub(super) kind: Kind,
    /// The key of the item that the finding names first.
    pub(super) key: String,
    pub(super) plant: Box<dyn Fn(&mut Items)>,
}

fn rid(n: u32) -> ReaderId {
    library::reader(n).rid
}

fn of_reader(n: u32, sk: &str) -> String {
    format!("READER#{} / {sk}", rid(n))
}

fn account(n: u32) -> String {
    of_reader(n, "ACCOUNT")
}

fn copy(code: &str) -> String {
    format!("COPY#{code} / COPY")
}

fn order(n: u32, number: &str) -> String {
    of_reader(n, &format!("ORDER#{number}"))
}

pub(super) fn parcel(n: u32, number: &str) -> String {
    of_reader(n, &format!("ORDER#{number}#P1"))
}

pub(super) fn payment(number: &str) -> String {
    of_reader(3, &format!("ORDER#{number}#PAY"))
}

fn item<'a>(items: &'a mut Items, key: &str) -> &'a mut Map<String, Value> {
    items.get_mut(key).unwrap_or_else(|| panic!("no {key}")).as_object_mut().unwrap()
}

fn text(value: &str) -> Value {
    json!({"S": value})
}

fn set(items: &mut Items, key: &str, name: &str, value: Value) {
    item(items, key).insert(name.to_owned(), value);
}

fn remove(items: &mut Items, key: &str, names: &[&str]) {
    for name in names {
        assert!(item(items, key).remove(*name).is_some(), "{key} has no {name}");
    }
}

fn delete(items: &mut Items, key: &str) {
    assert!(items.remove(key).is_some(), "no {key}");
}

/// The same item under another key.
fn again(items: &mut Items, key: &str, pk: &str, sk: &str) -> String {
    let mut item = items[key].clone();
    item["pk"] = text(pk);
    item["sk"] = text(sk);
    let key = format!("{pk} / {sk}");
    items.insert(key.clone(), item);
    key
}

/// One more than it counts.
fn one_more(items: &mut Items, key: &str, name: &str) {
    let n: u32 = items[key][name]["N"].as_str().unwrap().parse().unwrap();
    set(items, key, name, json!({"N": (n + 1).to_string()}));
}

/// The first item whose key begins so, and that holds.
fn first(items: &Items, prefix: &str, fits: impl Fn(&Value) -> bool) -> String {
    let found = items.iter().find(|(key, item)| key.starts_with(prefix) && fits(item));
    found.unwrap_or_else(|| panic!("nothing at {prefix}")).0.clone()
}

fn with(kind: Kind, key: impl Into<String>, plant: impl Fn(&mut Items) + 'static) -> Planted {
    Planted { kind, key: key.into(), plant: Box::new(plant) }
}

pub(super) fn all(names: &Names) -> Vec<Planted> {
    let mut all = of_copies(names);
    all.extend(of_accounts(names));
    all.extend(of_orders(names));
    all.extend(of_money(names));
    all.extend(of_readers(names));
    all.extend(of_counters_and_entries(names));
    all
}

fn of_copies(names: &Names) -> Vec<Planted> {
    let (chamber, site_copy, cancelled_copy) = (copy("C0000601"), copy("A000101"), copy("A000201"));
    let holder = |n: u32, number: &str, parcel: u8| text(&format!("{}.{number}.{parcel}", rid(n)));
    let (lost, dead) = (holder(1, &names.lent, 9), holder(1, &names.cancelled, 1));
    let (lent, site_parcel) = (parcel(1, &names.lent), parcel(1, &names.to_site));
    let (cancelled, before) = (parcel(1, &names.cancelled), names.before.clone());
    vec![
        with(Kind::CopyFreeButHeld, &chamber, {
            let key = chamber.clone();
            move |items| set(items, &key, "status", text("available"))
        }),
        with(Kind::CopyTakenByNobody, &chamber, {
            let key = chamber.clone();
            move |items| remove(items, &key, &["holder"])
        }),
        with(Kind::CopyHolderMissing, &chamber, {
            let key = chamber.clone();
            move |items| set(items, &key, "holder", lost.clone())
        }),
        with(Kind::CopyNotInItsParcel, &chamber, move |items| {
            item(items, &lent)["l"]["L"][0]["M"]["b"] = text("X0000001");
        }),
        with(Kind::CopyHeldByDeadLine, copy("A000501"), {
            let dead = holder(3, &names.refunded, 1);
            move |items| {
                set(items, &copy("A000501"), "status", text("reserved"));
                set(items, &copy("A000501"), "holder", dead.clone());
            }
        }),
        with(Kind::CopyDiffersFromLine, &chamber, {
            let key = chamber.clone();
            move |items| set(items, &key, "status", text("reserved"))
        }),
        with(Kind::CopyUnknownToReader, account(1), |items| {
            item(items, &account(1))["open"]["M"].as_object_mut().unwrap().remove("a000001");
        }),
        with(Kind::CopyOnTwoLines, &cancelled, {
            let key = cancelled.clone();
            move |items| {
                items.insert(key.clone(), before.clone());
            }
        }),
        with(Kind::LineWithoutCopy, site_parcel, {
            let key = site_copy.clone();
            move |items| {
                set(items, &key, "status", text("available"));
                remove(items, &key, &["holder"]);
            }
        }),
        // The copy went to another reader, who has it.
        with(Kind::LineWithoutCopy, parcel(5, &names.again), {
            let number = text(&names.cancelled);
            move |items| {
                set(items, &cancelled_copy, "status", text("on_loan"));
                set(items, &cancelled_copy, "holder", dead.clone());
                item(items, &cancelled)["l"]["L"][0]["M"]["s"] = text("delivered");
                set(items, &cancelled, "st", text("delivered"));
                let open = json!({"M": {"b": text("A000201"), "o": number, "n": text("丛书之2"),
                    "s": {"N": "1795399200000"}, "d": text("2027-01-31")}});
                item(items, &account(1))["open"]["M"]["a000002"] = open;
            }
        }),
        with(Kind::CopyWithoutTitle, "TITLE#a000001 / TITLE", |items| delete(items, "TITLE#a000001 / TITLE")),
        with(Kind::CopyAtUnknownSite, "SITES / SITE#L01", |items| delete(items, "SITES / SITE#L01")),
    ]
}

fn of_accounts(names: &Names) -> Vec<Planted> {
    let since = |items: &Items| items[&account(2)]["ho"]["M"]["b000006"]["N"].as_str().unwrap().to_owned();
    let queue = |millis: &str, n: u32| format!("HOLD#{millis:0>16}#{}", rid(n));
    let place = first_place();
    let (booked, no_loan) = (names.booked.clone(), "R261123AUDITS0001");
    vec![
        with(Kind::ItemWithoutCopy, account(2), |items| {
            let open =
                json!({"M": {"b": text("L0000501"), "o": text("261123AUDITX0001"), "n": text("秃秃大王")}});
            item(items, &account(2))["open"]["M"]["b000005"] = open;
        }),
        with(Kind::LoanDiffersFromLine, account(1), |items| {
            let open = &mut item(items, &account(1))["open"]["M"]["a000001"]["M"];
            open["s"] = json!({"N": "1795399200000"});
            open["d"] = text("2027-01-31");
        }),
        with(Kind::HasAndWaits, account(1), move |items| {
            let millis = since(items);
            let key = first(items, QUEUE, |_| true);
            again(items, &key, "TITLE#b000006", &queue(&millis, 1));
            set(items, &account(1), "ho", json!({"M": {"b000006": {"N": millis}}}));
        }),
        with(Kind::WaitsWithoutPlace, &place, |items| {
            let key = first(items, QUEUE, |_| true);
            delete(items, &key);
        }),
        with(Kind::PlaceUnknownToReader, &place, |items| remove(items, &account(2), &["ho"])),
        with(Kind::TwoPlacesInQueue, format!("TITLE#b000006 / {}", queue("1", 2)), move |items| {
            let key = first(items, QUEUE, |_| true);
            again(items, &key, "TITLE#b000006", &queue("1", 2));
        }),
        with(Kind::AccountMissing, account(6), |items| delete(items, &account(6))),
        with(Kind::ReturnOfNoLoan, of_reader(4, &format!("RETURN#{no_loan}")), {
            let booked = booked.clone();
            move |items| {
                let pk = format!("READER#{}", rid(4));
                let key = of_reader(4, &format!("RETURN#{booked}"));
                let key = again(items, &key, &pk, &format!("RETURN#{no_loan}"));
                item(items, &key)["b"]["L"][0]["M"]["b"] = text("L0000501");
            }
        }),
        with(Kind::LoanWithoutItsReturn, account(4), move |items| {
            delete(items, &of_reader(4, &format!("RETURN#{booked}")));
        }),
    ]
}

/// Reader 2's place in the queue: the hour at which everything happens.
fn first_place() -> String {
    let now: jiff::Timestamp = library::NOW.parse().unwrap();
    format!("{QUEUE}{:016}#{}", now.as_millisecond(), rid(2))
}

fn of_orders(names: &Names) -> Vec<Planted> {
    let cancelled = || parcel(1, &names.cancelled);
    let head = order(1, &names.cancelled);
    vec![
        with(Kind::OrderWithoutParcels, &head, {
            let key = cancelled();
            move |items| delete(items, &key)
        }),
        with(Kind::ParcelWithoutOrder, cancelled(), move |items| delete(items, &head)),
        with(Kind::HistoryRunsBackwards, cancelled(), {
            let key = cancelled();
            move |items| {
                let history = item(items, &key)["h"]["L"].as_array_mut().unwrap();
                history.last_mut().unwrap()["M"]["t"] = json!({"N": "0"});
            }
        }),
        with(Kind::CancelledParcelBooked, cancelled(), {
            let key = cancelled();
            move |items| {
                set(items, &key, "ca", text("van"));
                set(items, &key, "wb", text("VAN00001"));
            }
        }),
        with(Kind::PlaceTakenNowhere, parcel(5, &names.again), {
            let key = parcel(5, &names.again);
            move |items| set(items, &key, "pl", json!({"BOOL": true}))
        }),
        with(Kind::StatusDiffers, cancelled(), {
            let key = cancelled();
            move |items| set(items, &key, "st", text("packed"))
        }),
        with(Kind::RulesMissing, "RULES / V#0000000002", |items| delete(items, "RULES / V#0000000002")),
    ]
}

fn of_money(names: &Names) -> Vec<Planted> {
    let [paid, due, refunded] = [&names.paid, &names.due, &names.refunded].map(|number| payment(number));
    let [paid_order, refunded_order] = [&names.paid, &names.refunded].map(|number| order(3, number));
    let [paid_parcel, due_parcel, refunded_parcel] =
        [&names.paid, &names.due, &names.refunded].map(|number| parcel(3, number));
    vec![
        with(Kind::PaymentMissing, &paid, {
            let key = paid.clone();
            move |items| delete(items, &key)
        }),
        with(Kind::PaymentWithoutOrder, &refunded, {
            let parcel = refunded_parcel.clone();
            move |items| {
                delete(items, &refunded_order);
                delete(items, &parcel);
            }
        }),
        with(Kind::PaymentDiffersFromFee, &paid_order, {
            let key = paid_order.clone();
            move |items| set(items, &key, "fee", json!({"N": "400"}))
        }),
        with(Kind::RefundsExceedPayment, &refunded, {
            let key = refunded.clone();
            move |items| item(items, &key)["rf"]["L"][0]["M"]["a"] = json!({"N": "9900"})
        }),
        with(Kind::UnpaidWithoutPaymentDue, &paid_parcel, {
            let key = paid_parcel.clone();
            move |items| set(items, &key, "up", json!({"BOOL": true}))
        }),
        with(Kind::PaymentDueForNothing, &due, move |items| remove(items, &due_parcel, &["up"])),
        with(Kind::CancelledNotRefunded, &refunded, {
            let key = refunded.clone();
            move |items| {
                remove(items, &key, &["rf"]);
                // Nothing is to be done about it then, as far as the payment knows.
                item(items, &key).retain(|name, _| !name.starts_with("clock_"));
            }
        }),
        with(Kind::PaymentEntryWrong, &due, {
            let key = due.clone();
            move |items| remove(items, &key, &["clock_pk", "clock_sk"])
        }),
    ]
}

fn of_readers(_: &Names) -> Vec<Planted> {
    const NOBODY: &str = "01JD9Z0000000000000RDR9999";
    let theirs = |item: &Value| item["rid"]["S"] == rid(6).as_str();
    let nobodys_card = format!("CARD#{}", CardNo::from_serial(99));
    let nobodys_phone = format!("UNIQUE#phone#{}", "0".repeat(64));
    vec![
        with(Kind::UniqueWithoutReader, format!("{nobodys_phone} / UNIQUE"), move |items| {
            let key = first(items, "UNIQUE#phone#", theirs);
            let key = again(items, &key, &nobodys_phone, "UNIQUE");
            set(items, &key, "rid", text(NOBODY));
        }),
        with(Kind::UniqueMissing, account(6), move |items| {
            let key = first(items, "UNIQUE#document#", theirs);
            delete(items, &key);
        }),
        with(Kind::WeChatOneSided, of_reader(6, "WECHAT"), move |items| {
            let key = first(items, "UNIQUE#phone#", theirs);
            again(items, &key, &format!("UNIQUE#wechat#{}", "0".repeat(64)), "UNIQUE");
        }),
        with(Kind::CardWithoutReader, format!("{nobodys_card} / CARD"), move |items| {
            let key = first(items, "CARD#", theirs);
            let key = again(items, &key, &nobodys_card, "CARD");
            set(items, &key, "rid", text(NOBODY));
        }),
        with(Kind::AccountWithoutCard, account(6), |items| {
            set(items, &account(6), "card", text(CardNo::from_serial(98).as_str()));
        }),
        with(Kind::DeletionUnfinished, account(6), |items| {
            set(items, &account(6), "cl", json!({"N": "1795399200000"}));
        }),
        with(Kind::LinkOneSided, of_reader(6, "FAMILY"), |items| {
            let links =
                json!({"M": {rid(5).as_str(): {"M": {"g": text("helper"), "s": {"N": "1795399200000"}}}}});
            let (pk, sk) = (format!("READER#{}", rid(6)), "FAMILY");
            let item = json!({"pk": text(&pk), "sk": text(sk), "kind": text("family"), "v": {"N": "1"}, "for": links});
            items.insert(format!("{pk} / {sk}"), item);
        }),
        with(Kind::ProfileMissing, of_reader(6, "PROFILE"), |items| delete(items, &of_reader(6, "PROFILE"))),
    ]
}

fn of_counters_and_entries(names: &Names) -> Vec<Planted> {
    let site_parcel = parcel(1, &names.to_site);
    let on_the_road = of_reader(4, &format!("RETURN#{}", names.on_the_road));
    let counted = [
        (Kind::SiteLoadDiffers, "SITE#S01 / LOAD", "n"),
        (Kind::SlotLoadDiffers, SLOT, "n"),
        (Kind::PickCountDiffers, "PICKS / COUNT", "n"),
        (Kind::AvailabilityDiffers, "TITLE#b000004 / AVAILABILITY", "free"),
    ];
    let entries = [
        (Kind::CopyEntryWrong, copy("C0000601"), "ref"),
        (Kind::OrderEntryWrong, order(1, &names.lent), "ref"),
        (Kind::WorkEntryWrong, site_parcel.clone(), "site"),
        (Kind::ClockEntryWrong, site_parcel, "clock"),
        (Kind::ReturnEntryWrong, on_the_road, "clock"),
        (Kind::DueEntryWrong, account(1), "clock"),
        (Kind::HoldEntryWrong, first_place(), "clock"),
    ];
    let mut all: Vec<Planted> = counted
        .into_iter()
        .map(|(kind, key, name)| with(kind, key, move |items: &mut Items| one_more(items, key, name)))
        .collect();
    all.extend(entries.into_iter().map(|(kind, key, index)| {
        with(kind, key.clone(), move |items| {
            remove(items, &key, &[&format!("{index}_pk"), &format!("{index}_sk")]);
        })
    }));
    // What is over is swept for ever.
    all.push(with(Kind::ClockEntryWrong, parcel(1, &names.lent), {
        let key = parcel(1, &names.lent);
        move |items| {
            set(items, &key, "clock_pk", text("OPEN#0"));
            set(items, &key, "clock_sk", text("2026-11-25T02:00:00Z#over"));
        }
    }));
    all.push(with(Kind::StrayEntry, "TITLE#a000001 / TITLE", |items| {
        set(items, "TITLE#a000001 / TITLE", "clock_pk", text("OPEN#0"));
        set(items, "TITLE#a000001 / TITLE", "clock_sk", text("stray"));
    }));
    all.push(with(Kind::ItemUnreadable, copy("L0000401"), |items| {
        remove(items, &copy("L0000401"), &["received"]);
    }));
    all.push(with(Kind::KindUnknown, "GHOST#1 / GHOST", |items| {
        let key = again(items, "SITES / SITE#S01", "GHOST#1", "GHOST");
        set(items, &key, "kind", text("ghost"));
    }));
    all.push(with(Kind::KindUnknown, "GHOST#1 / GHOST", |items| {
        let key = again(items, "SITES / SITE#S01", "GHOST#1", "GHOST");
        remove(items, &key, &["kind"]);
    }));
    all
}
