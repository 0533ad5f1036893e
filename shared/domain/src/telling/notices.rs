//! The catalogue.

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Telling, templates};
use crate::punctuality::Standing;
use crate::returning::Step as ReturnStep;
use crate::site::Shut;
use crate::text::{days, moment, step_label};
use crate::time;
use crate::timeline::Step;

templates! {
    /// The code that proves a phone.
    phone_code(code): "验证码 {code}，5 分钟内有效，请勿告诉他人。"

    /// A parcel's books were put in stock for it.
    parcel_received(order_no): "订单 {order_no}：图书已入库。"
    /// The library takes an order on.
    parcel_accepted(order_no): "订单 {order_no}：图书馆已接单，正在为您备书。"
    /// A book came free that the reader had waited for.
    parcel_came_free(order_no): "订单 {order_no}：您排队等候的图书到了，已为您下单，正在备书。"
    /// The books are taken from their shelves.
    parcel_picked(order_no): "订单 {order_no}：图书已从书架取出。"
    /// They are in their box.
    parcel_packed(order_no): "订单 {order_no}：图书已装箱。"
    /// The box has left the library.
    parcel_dispatched(order_no): "订单 {order_no}：图书已出库。"
    /// It is on its way.
    parcel_delivering(order_no): "订单 {order_no}：图书正在配送途中。"
    /// It has come, from which day its loans are counted cannot be said in one.
    parcel_delivered(order_no): "订单 {order_no}：图书已送达，祝您阅读愉快。"
    /// It has come: from which day its loans are counted.
    loan_begun_delivered(order_no, from): "订单 {order_no}：图书已送达，借期自 {from}起算，祝您阅读愉快。"
    /// It is at its site; where and until when cannot be said.
    parcel_at_site(order_no): "订单 {order_no}：图书已送达取书点。"
    /// It waits at its site: where, until when, and what is shown for it.
    ready_for_pickup(order_no, site, until, code): "订单 {order_no}：图书已送达{site}，请于 {until}前（含当日）凭取书码 {code} 领取。"
    /// The reader has taken it along.
    parcel_collected(order_no): "订单 {order_no}：图书已取走，祝您阅读愉快。"
    /// The reader has taken it along: from which day its loans are counted.
    loan_begun_collected(order_no, from): "订单 {order_no}：图书已取走，借期自 {from}起算，祝您阅读愉快。"
    /// The reader called it off.
    parcel_cancelled(order_no): "订单 {order_no}：已按您的要求取消。"
    /// It was not paid for in time.
    given_up_unpaid(order_no): "订单 {order_no}：未在规定时间内支付配送费，订单已取消，如仍需要请重新预借。"
    /// It was not collected.
    parcel_uncollected(order_no): "订单 {order_no}：取书期限已过，图书已退回，如仍需要请重新预借。"

    /// A parcel goes to another site, because its own one is closed.
    rerouted(order_no, to, from, days): "订单 {order_no}：图书改送到{to}（原取书点{from} {days} 闭馆）。"
    /// The same, when the sites are not known any more.
    parcel_rerouted(order_no): "订单 {order_no}：取书点闭馆，图书改送其他取书点，详见订单。"
    /// A parcel comes when its site opens: it is closed, and no other one has room.
    waits_for_opening(order_no, site, days): "订单 {order_no}：取书点{site} {days} 闭馆，其他取书点暂无空位，图书将在开馆后送达。"
    /// The same, when the site is not known any more.
    parcel_waits(order_no): "订单 {order_no}：取书点闭馆，图书将在开馆后送达。"
    /// A parcel waits longer for its reader, because its site is closed on some of the days.
    kept_longer(order_no, site, days, until): "订单 {order_no}：{site} {days} 闭馆，取书期限延长至 {until}。"
    /// The same, when the site is not known any more.
    parcel_kept(order_no): "订单 {order_no}：取书点闭馆，取书期限已延长，详见订单。"

    /// A parcel did not come when it was promised.
    promise_broken(order_no, at, step): "订单 {order_no}：图书未能在承诺的 {at} 前送达，到时停留在“{step}”环节，向您致歉。"
    /// The same, with what the rules give for it.
    promise_remedied(order_no, at, step, remedy): "订单 {order_no}：图书未能在承诺的 {at} 前送达，到时停留在“{step}”环节，向您致歉。按“延误补偿”规则，每本书的借期延长 {remedy} 天。"
    /// The same of one that waits for its site to open.
    promise_broken_closed(order_no, at, step, days): "订单 {order_no}：图书未能在承诺的 {at} 前送达，到时停留在“{step}”环节（取书点 {days} 闭馆），向您致歉。"
    /// The same, with what the rules give for it.
    promise_remedied_closed(order_no, at, step, days, remedy): "订单 {order_no}：图书未能在承诺的 {at} 前送达，到时停留在“{step}”环节（取书点 {days} 闭馆），向您致歉。按“延误补偿”规则，每本书的借期延长 {remedy} 天。"
    /// A parcel did not come when it was promised, and how it stood cannot be said any more.
    parcel_late(order_no): "订单 {order_no}：图书未能如期送达，详见订单。"

    /// A reader waits for a book that will hardly come.
    wait_hopeless(): "您排队等候的一本书近期恐怕轮不到。可以在“我的预约”中查找其他版本，或取消排队；如愿继续等候，位次不变。"

    /// A courier comes for a return.
    return_courier_booked(return_no, waybill): "归还 {return_no}：已为您预约上门取书，运单号 {waybill}，交给快递员后即停止计算借期。"
    /// Nobody comes for a return that was to go along with a delivery.
    return_no_delivery(return_no): "归还 {return_no}：原定随送书取回的图书无人上门，请另选归还方式或送到任一馆点。"
    /// The reader has handed books over.
    return_given_back(return_no, books, since): "归还 {return_no}：已收到您归还的 {books} 本图书，自 {since} 起不再计算借期。"
    /// They are in.
    return_back(return_no, books): "归还 {return_no}：您归还的 {books} 本图书已入馆，谢谢。"
}

/// A parcel has reached a step; `came_free`: of a book that the reader had waited for. Steps that are told with what they are about come
/// here when that cannot be had any more.
pub fn step_made(step: Step, order_no: &str, came_free: bool) -> Telling {
    match step {
        Step::Accepted if came_free => parcel_came_free(order_no),
        Step::Received => parcel_received(order_no),
        Step::Accepted => parcel_accepted(order_no),
        Step::Picked => parcel_picked(order_no),
        Step::Packed => parcel_packed(order_no),
        Step::Dispatched => parcel_dispatched(order_no),
        Step::Delivering => parcel_delivering(order_no),
        Step::Delivered => parcel_delivered(order_no),
        Step::ReadyForPickup => parcel_at_site(order_no),
        Step::Collected => parcel_collected(order_no),
        Step::Cancelled => parcel_cancelled(order_no),
        Step::Uncollected => parcel_uncollected(order_no),
        Step::Rerouted => parcel_rerouted(order_no),
        Step::WaitsForOpening => parcel_waits(order_no),
        Step::KeptLonger => parcel_kept(order_no),
        Step::PromiseBroken => parcel_late(order_no),
    }
}

/// A parcel waits at its site until the end of a day.
pub fn ready(order_no: &str, site: &str, until: Date, code: &str) -> Telling {
    ready_for_pickup(order_no, site, day(until), code)
}

/// The reader has the books: from which day their loans are counted, which may be another one than that of the notice.
pub fn loan_begun(order_no: &str, collected: bool, from: Date) -> Telling {
    if collected {
        loan_begun_collected(order_no, day(from))
    } else {
        loan_begun_delivered(order_no, day(from))
    }
}

/// A parcel goes to another site.
pub fn sent_elsewhere(order_no: &str, from: &str, shut: Shut, to: &str) -> Telling {
    rerouted(order_no, to, from, days(shut))
}

/// A parcel comes when its site opens.
pub fn comes_later(order_no: &str, site: &str, shut: Shut) -> Telling {
    waits_for_opening(order_no, site, days(shut))
}

/// A parcel waits longer for its reader.
pub fn stays_longer(order_no: &str, site: &str, shut: Shut, until: Date) -> Telling {
    kept_longer(order_no, site, days(shut), until.to_string())
}

/// A parcel did not come when it was promised: how it stood then, and what is given for it.
pub fn not_in_time(order_no: &str, standing: &Standing) -> Telling {
    let (at, step) =
        (moment(standing.promised_by), standing.stood_at.and_then(Step::of).map_or("待接单", step_label));
    match (standing.shut, standing.remedy_days) {
        (None, 0) => promise_broken(order_no, at, step),
        (None, remedy) => promise_remedied(order_no, at, step, remedy.to_string()),
        (Some(shut), 0) => promise_broken_closed(order_no, at, step, days(shut)),
        (Some(shut), remedy) => promise_remedied_closed(order_no, at, step, days(shut), remedy.to_string()),
    }
}

/// A step of a return, which `books` of its books took at `at`; nothing of what the reader did or knows.
pub fn return_step(
    step: ReturnStep,
    return_no: &str,
    books: usize,
    at: Timestamp,
    waybill: Option<&str>,
) -> Option<Telling> {
    match step {
        ReturnStep::CourierBooked => Some(return_courier_booked(return_no, waybill?)),
        ReturnStep::NoDelivery => Some(return_no_delivery(return_no)),
        ReturnStep::GivenBack => {
            let since = time::shanghai(at);
            let since = format!("{} 月 {} 日 {}", since.month(), since.day(), since.strftime("%H:%M"));
            Some(return_given_back(return_no, books.to_string(), since))
        }
        ReturnStep::Back => Some(return_back(return_no, books.to_string())),
        ReturnStep::Booked | ReturnStep::Arrived | ReturnStep::Cancelled => None,
    }
}

/// A day of this year or the next, as people write it.
fn day(day: Date) -> String {
    format!("{} 月 {} 日", day.month(), day.day())
}
