//! The catalogue of readers' texts on pages, zh-CN. Every text that a reader can meet there is here, chosen by an enum, so that a new
//! case without a text does not compile. What is sent to readers is in [`telling`](crate::telling).

mod fines;

use jiff::Timestamp;
use jiff::civil::Time;

use crate::deletion::Open;
use crate::hold::PassedOver;
use crate::money::Fen;
use crate::order::Obstacle;
use crate::parcel::LineStatus;
use crate::payment;
use crate::punctuality::{Standing, State as PromiseState};
use crate::renewal::NotRenewed;
use crate::returning::{NotReturned, State};
use crate::shelves::ShelfName;
use crate::site::Shut;
use crate::slot::Slot;
use crate::time;
use crate::timeline::Step;

pub use fines::{fine_block, fine_day};

/// A step's short name on the timeline.
pub const fn step_label(step: Step) -> &'static str {
    match step {
        Step::Received => "入库",
        Step::Accepted => "接单",
        Step::Picked => "分拣",
        Step::Packed => "装箱",
        Step::Dispatched => "出库",
        Step::Delivering => "配送",
        Step::Delivered | Step::ReadyForPickup => "送达",
        Step::Collected => "取书",
        Step::Cancelled => "已取消",
        Step::Uncollected => "逾期未取",
        Step::Rerouted => "改送",
        Step::WaitsForOpening => "等待开馆",
        Step::KeptLonger => "延长取书期限",
        Step::PromiseBroken => "延误",
    }
}

/// How an order's promise stands: what was promised, what happened, what is given for it.
pub fn promise(standing: &Standing) -> String {
    let promised = format!("承诺在 {} 前送达", moment(standing.promised_by));
    match standing.state {
        PromiseState::Running => format!("{promised}。"),
        PromiseState::AtRisk => format!("{promised}，时间已紧，馆员正在优先处理。"),
        PromiseState::Kept => format!("{promised}，已如期送达。"),
        PromiseState::Broken => {
            let late = duration(standing.late_minutes);
            let came = if standing.arrived { "送达时晚了" } else { "至今已晚" };
            format!("{promised}，未能如期：到时{}，{came} {late}。{}", stood(standing), given(standing))
        }
    }
}

/// The step at which a parcel stood when its time was over, and the closed site that it waits for.
fn stood(standing: &Standing) -> String {
    let step = standing.stood_at.and_then(Step::of).map_or("待接单", step_label);
    let closed = standing.shut.map(|shut| format!("（取书点 {} 闭馆）", days(shut)));
    format!("停留在“{step}”环节{}", closed.unwrap_or_default())
}

/// What the rules give for a broken promise.
fn given(standing: &Standing) -> String {
    match standing.remedy_days {
        0 => String::new(),
        days => format!("按“延误补偿”规则，每本书的借期延长 {days} 天。"),
    }
}

/// The days on which a site is closed.
pub(crate) fn days(shut: Shut) -> String {
    if shut.from == shut.until { shut.from.to_string() } else { format!("{} 至 {}", shut.from, shut.until) }
}

/// An instant by the clock on the wall.
pub(crate) fn moment(at: Timestamp) -> String {
    time::shanghai(at).strftime("%Y-%m-%d %H:%M").to_string()
}

fn duration(minutes: u32) -> String {
    match (minutes / 60 / 24, minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} 分钟"),
        (0, hours, minutes) => format!("{hours} 小时 {minutes} 分钟"),
        (days, hours, _) => format!("{days} 天 {hours} 小时"),
    }
}

/// What stands in the way of deleting a reader's data.
pub fn still_open(open: &Open) -> String {
    match open {
        Open::Loan { title, due } => format!("《{title}》还在您手中，请在 {due} 前归还。"),
        Open::OnItsWayBack { title } => format!("《{title}》正在归还途中，到馆登记后即可注销。"),
        Open::Ordered { title, order_no } => {
            format!("订单 {order_no} 中的《{title}》还在办理，请先取消，或收到并归还后再注销。")
        }
        Open::PaymentDue { order_no, amount_fen } => {
            format!("订单 {order_no} 有 {} 元待支付，请先支付或取消订单。", Fen(*amount_fen))
        }
        Open::Guardian { .. } => {
            "您是一位未成年读者的监护人，请先到服务台为孩子更换监护人或注销孩子的读者卡。".to_owned()
        }
        Open::AskAtTheDesk => "这张读者卡办理较早，请到服务台注销。".to_owned(),
    }
}

/// What stands in an order's way, and what to do about it.
pub fn obstacle(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::EmptyOrder => "请至少选择一本书。".to_owned(),
        Obstacle::TooManyBooks { limit, .. } => format!("每单最多 {limit} 本，请减少后再提交。"),
        Obstacle::SameTitleTwice { .. } => "同一种书在一单里只能借一本，请删去重复的一本。".to_owned(),
        Obstacle::UnknownTitle { .. } => "没有找到这本书，请重新检索。".to_owned(),
        Obstacle::NoCopyAvailable { likely_days: None, .. } => {
            "这本书没有可流通的复本，可以查找其他版本。".to_owned()
        }
        Obstacle::NoCopyAvailable { waiting: 0, likely_days: Some(days), .. } => {
            format!("这本书暂时没有可借的复本，可以排队预约（预计约 {days} 天），或查找其他版本。")
        }
        Obstacle::NoCopyAvailable { waiting, likely_days: Some(days), .. } => {
            format!("这本书已有 {waiting} 位读者在排队，可以加入排队（预计约 {days} 天），或查找其他版本。")
        }
        Obstacle::AvailableNow { .. } => "这本书现在就有复本可借，请直接下单。".to_owned(),
        Obstacle::AlreadyHave { .. } => "您已预借或正在借阅这本书，归还后可再次借阅。".to_owned(),
        Obstacle::AlreadyWaiting { .. } => "您已在排队等候这本书，有复本时会自动为您下单。".to_owned(),
        Obstacle::NotLendable { .. } => "这本书仅供馆内阅览，请到馆阅读，或查找其他版本。".to_owned(),
        Obstacle::TooDear { price_fen, cap_fen, .. } => {
            format!("这本书定价 {} 元，超过可配送的 {} 元上限，请到馆借阅。", Fen(*price_fen), Fen(*cap_fen))
        }
        Obstacle::LimitReached { limit, open, .. } => {
            format!("您已有 {open} 本在借或在途，上限 {limit} 本，请先归还部分图书。")
        }
        Obstacle::TooManyInProcess { limit, in_process, .. } => {
            format!("您有 {in_process} 本正在配送，同时最多 {limit} 本，请等收到后再下单，或取消部分订单。")
        }
        Obstacle::TooManyHolds { limit, holds, .. } => {
            format!("您正在排队等候 {holds} 种书，最多 {limit} 种，请先退出一些排队。")
        }
        Obstacle::CardExpired { last_day } => format!("您的读者卡已于 {last_day} 到期，请先续卡。"),
        Obstacle::Paused { until, uncollected, .. } => {
            format!("您有 {uncollected} 次到期未取，预借暂停至 {until}，之后即可恢复。")
        }
        Obstacle::UnknownAddress => "没有找到这个收货地址，请在地址簿中重新选择。".to_owned(),
        Obstacle::OutOfZone { .. } => "这个地址不在配送范围内，请选择就近的取书点。".to_owned(),
        Obstacle::UnknownSite => "没有找到这个取书点，请重新选择。".to_owned(),
        Obstacle::SiteClosed { opens: Some(day), .. } => {
            format!("这个取书点目前闭馆，{day} 恢复开放，请选择其他取书点。")
        }
        Obstacle::SiteClosed { opens: None, .. } => "这个取书点目前闭馆，请选择其他取书点。".to_owned(),
        Obstacle::SiteFull { capacity, .. } => {
            format!("这个取书点的 {capacity} 个取书位已满，请选择附近的其他取书点。")
        }
        Obstacle::DoorCosts { fee_fen, .. } => {
            format!("改为送书上门需配送费 {} 元，请取消本单后重新下单，或选择取书点。", Fen(*fee_fen))
        }
        Obstacle::SlotFull { slot, per_slot, free: 0, .. } => {
            format!("{}的 {per_slot} 个配送名额已满，请选择其他时段或取书点。", slot_name(slot))
        }
        Obstacle::SlotFull { slot, free, .. } => {
            format!("{}只剩 {free} 个配送名额，不够送达这一单，请选择其他时段或取书点。", slot_name(slot))
        }
        Obstacle::SlotPast { slot, .. } => {
            format!("{}已来不及备书送达，请选择之后的时段。", slot_name(slot))
        }
        Obstacle::UnknownSlot { slot, .. } => {
            format!("{}不在可选的配送时段内，请重新选择。", slot_name(slot))
        }
        Obstacle::SlotsFull { per_slot, next: Some(slot), .. } => format!(
            "近期每个时段的 {per_slot} 个配送名额都已约满，最早可以选择{}，也可以选择取书点。",
            slot_name(slot)
        ),
        Obstacle::SlotsFull { per_slot, next: None, .. } => {
            format!("近期每个时段的 {per_slot} 个配送名额都已约满，请选择就近的取书点。")
        }
    }
}

/// Why a reader who waits is passed over, and what to do about it.
pub fn passed_over(why: &PassedOver) -> String {
    match why {
        PassedOver::Suspended { until } => {
            format!("您已暂停排队至 {until}，期间有复本会先给后面的读者，位次保留；如需恢复，请结束暂停。")
        }
        PassedOver::TooLate { last_day } => {
            format!("您设定的最后等候日 {last_day} 已过，不会再为您下单；如仍需要，请延长等候日期。")
        }
        PassedOver::HasIt { .. } => {
            "您已预借或正在借阅这本书，排队暂不生效；归还后继续，或退出排队。".to_owned()
        }
        PassedOver::AtLimit { limit, open, .. } => {
            format!(
                "您已有 {open} 本在借或在途，上限 {limit} 本，有复本会先给后面的读者，位次保留；请先归还部分图书。"
            )
        }
        PassedOver::TooManyInProcess { limit, in_process, .. } => format!(
            "您有 {in_process} 本正在配送，同时最多 {limit} 本，有复本会先给后面的读者，位次保留；请先收取或取消部分订单。"
        ),
        PassedOver::Banned { until, uncollected, .. } => {
            format!(
                "您有 {uncollected} 次到期未取，预借暂停至 {until}，期间有复本会先给后面的读者，位次保留。"
            )
        }
        PassedOver::CardExpired { last_day } => {
            format!("您的读者卡已于 {last_day} 到期，有复本会先给后面的读者，位次保留；请先续卡。")
        }
        PassedOver::AddressGone => {
            "这本书原定送往的地址已不存在，有复本会先给后面的读者，位次保留；请重新选择地址或取书点。"
                .to_owned()
        }
        PassedOver::OutOfZone { .. } => {
            "这本书原定送往的地址已不在配送范围内，有复本会先给后面的读者，位次保留；请改选取书点或其他地址。"
                .to_owned()
        }
        PassedOver::SiteGone => {
            "原定的取书点已撤销，有复本会先给后面的读者，位次保留；请重新选择取书点。".to_owned()
        }
        PassedOver::SiteClosed { opens: Some(day), .. } => format!(
            "原定的取书点目前闭馆，{day} 恢复开放，期间有复本会先给后面的读者，位次保留；可以改选其他取书点。"
        ),
        PassedOver::SiteClosed { opens: None, .. } => {
            "原定的取书点目前闭馆，有复本会先给后面的读者，位次保留；请改选其他取书点。".to_owned()
        }
        PassedOver::NotLendable { .. } => "这本书现仅供馆内阅览，请到馆阅读，或退出排队。".to_owned(),
        PassedOver::TooDear { price_fen, cap_fen, .. } => {
            let (price, cap) = (Fen(*price_fen), Fen(*cap_fen));
            format!("这本书定价 {price} 元，超过可配送的 {cap} 元上限，请到馆借阅，或退出排队。")
        }
        PassedOver::TitleGone => "这本书已不在馆藏目录中，请退出排队。".to_owned(),
        PassedOver::Refused { reason } => obstacle(reason),
    }
}

/// A slot, such as `11月25日 09:00–12:00`.
pub fn slot_name(slot: &Slot) -> String {
    let clock = |time: Time| format!("{:02}:{:02}", time.hour(), time.minute());
    format!("{}月{}日 {}–{}", slot.day.month(), slot.day.day(), clock(slot.from), clock(slot.until))
}

/// How a payment stands.
pub const fn payment(state: payment::Shown) -> &'static str {
    match state {
        payment::Shown::Due => "待支付",
        payment::Shown::Paid => "已支付",
        payment::Shown::Lapsed => "无需支付",
        payment::Shown::Refunding => "退款中",
        payment::Shown::Refunded => "已退款",
        payment::Shown::PartlyRefunded => "已支付，部分已退款",
        payment::Shown::RefundStuck => "退款遇到问题，工作人员正在处理",
    }
}

/// What stands on the reader's bill, in the payment app.
pub fn bill(purpose: &payment::Purpose) -> String {
    match purpose {
        payment::Purpose::Delivery { order_no, .. } => format!("预借图书配送费 {order_no}"),
    }
}

/// Why money goes back, as the payment app tells it.
pub const REFUND_REASON: &str = "预借订单变更，退还配送费";

/// Why a book cannot be cancelled or sent elsewhere any more.
pub const fn too_late(status: LineStatus) -> &'static str {
    match status {
        LineStatus::Reserved | LineStatus::Accepted | LineStatus::Picked | LineStatus::Packed => {
            "订单的其他部分已经出库，不能再更改；送达后可以随时预约归还。"
        }
        LineStatus::Dispatched => "图书已经出库，不能再更改；送达后可以随时预约归还。",
        LineStatus::Delivering => "图书正在配送途中，不能再更改；送达后可以随时预约归还。",
        LineStatus::ReadyForPickup => "图书已经送达取书点，请在期限内领取，不需要的可以当场归还。",
        LineStatus::Delivered | LineStatus::Collected => "图书已经在您手中，可以预约归还。",
        LineStatus::Recalled | LineStatus::Cancelled => "图书已经取消，如仍需要请重新预借。",
        LineStatus::Uncollected => "取书期限已过，如仍需要请重新预借。",
    }
}

/// Why a loan is not renewed, and what to do about it.
pub fn not_renewed(reason: &NotRenewed) -> String {
    match reason {
        NotRenewed::NotYet { from, .. } => format!("还不到续借时间，{from} 起可以续借。"),
        NotRenewed::TooOften { limit, .. } => format!("每本书最多续借 {limit} 次，请按期归还。"),
        NotRenewed::Awaited { waiting, .. } => {
            format!("有 {waiting} 位读者在等候这本书，请按期归还，归还后可以重新排队。")
        }
        NotRenewed::GivenBack { at } => {
            format!("这本书已于 {} 交还，正在归还途中，无需续借。", crate::time::day(*at))
        }
        NotRenewed::Overdue { due } => format!("这本书已于 {due} 到期，请尽快归还。"),
        NotRenewed::CardEnds { last_day } => format!("您的读者卡 {last_day} 到期，请先续卡。"),
        NotRenewed::Paused { until, .. } => format!("因多次到期未取，续借暂停至 {until}，请按期归还。"),
    }
}

/// Why a loan cannot be booked for return, and what to do about it.
pub fn not_returned(reason: &NotReturned) -> String {
    match reason {
        NotReturned::NotYours { barcode } => format!("您没有借阅条码为 {barcode} 的图书，请核对后再提交。"),
        NotReturned::AlreadyBooked { return_no, .. } => {
            format!("这本书已预约归还（{return_no}），如需更改请先取消原预约。")
        }
        NotReturned::GivenBack { at, .. } => {
            format!("这本书已于 {} 交还，正在归还途中。", crate::time::day(*at))
        }
        NotReturned::NoDelivery => "您目前没有送书上门的订单，请选择其他归还方式。".to_owned(),
        NotReturned::DeliveryTaken { return_no } => {
            format!("这次送书已约定带回归还 {return_no}，请先取消原预约或选择其他归还方式。")
        }
    }
}

/// How a return stands, in short.
pub const fn return_label(state: State) -> &'static str {
    match state {
        State::Booked => "已预约归还",
        State::CourierBooked => "等待上门取书",
        State::GivenBack => "归还途中",
        State::Back => "已归还",
        State::Cancelled => "已取消",
    }
}

/// What stands above a shelf of the catalogue that is filled each night.
pub const fn shelf_heading(shelf: ShelfName) -> &'static str {
    match shelf {
        ShelfName::New => "新书上架",
        ShelfName::Popular => "近期热借",
    }
}

/// What stands above the librarians' picks.
pub const PICKS_HEADING: &str = "馆员推荐";

/// Why a title is recommended: the reader borrowed this one.
pub fn because_borrowed(title: &str) -> String {
    format!("因为您借过《{title}》")
}
